# An app without a Procfile: which line it wants is said, and where it is certain, bin/release gives it out.

suggest_web() {
  [[ ! -f Procfile ]] || return 0
  local kind='' command='' server='' installed='' certain='' name value
  while IFS=$'\t' read -r name value; do
    case $name in kind | command | server | installed | certain) printf -v "$name" '%s' "$value" ;; esac
  done < <(cd / && "$VENV/bin/python" -EsB "$pack_dir/lib/start.py" "$build_dir")
  [[ -n $command ]] || return 0
  topic "$kind without a Procfile"
  if [[ -n $certain ]]; then
    printf '%s\n' "$command" > "$pack_dir/web"
    indent <<< "It is started with: $command"
    indent <<< 'To have it otherwise, write a Procfile.'
    return
  fi
  printf '%s\n' "$command" > "$pack_dir/proposed"
  warn 'Nothing says how it is started. Write a Procfile with the line' "    web: $command"
  [[ -n $installed ]] || warn "and add $server to what the app requires: it is not installed."
}
