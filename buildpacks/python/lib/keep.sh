# Keeping the virtual environment for the next build, and taking it from there: CACHE/python/kept has it with a signature of all that
# decided what is in it. As one archive: thousands of small files are copied in half the time.

is_kept() { [[ -n $digest && $(cat "$cache_dir/python/kept/signature" 2>/dev/null) == "$(signature)" ]]; }

restore_kept() {
  local kept=$cache_dir/python/kept from name version
  topic 'Installing requirements'
  indent <<< "$lockfile is unchanged: using what the last build installed"
  mkdir -p "$VENV"
  tar -xpf "$kept/venv.tar" -C "$VENV"
  while read -r name version; do record "$name" "$version"; done < "$kept/versions"
  from=$(< "$kept/from")
  [[ $from == "$VENV" ]] || own_python move.py "$from" "$VENV"
}

# A folder has its name only when it is whole, and is never changed: whenever a build is cut short, what is found is whole or not there.
keep() {
  local kept=$cache_dir/python/kept
  rm -rf "$kept.new" "$kept.old"
  if [[ -n $digest ]]; then
    mkdir -p "$kept.new"
    tar -cf "$kept.new/venv.tar" -C "$VENV" .
    printf '%s' "$VENV" > "$kept.new/from"
    cp "$pack_dir/versions" "$kept.new/versions"
    signature > "$kept.new/signature"
  fi
  [[ ! -d $kept ]] || mv "$kept" "$kept.old"
  [[ ! -d $kept.new ]] || mv "$kept.new" "$kept"
  rm -rf "$kept.old"
}

# The 2 is the pack's own: raise it when the same files come to be installed in another way.
signature() { printf '2 %s %s %s' "$digest" "$VERSION" "$([[ -n $managed ]] && echo managed || echo "$PYTHON")"; }
