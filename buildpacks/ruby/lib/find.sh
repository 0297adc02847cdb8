# Finding the Ruby that was asked for among those that are there, and its Bundler.

version_line() { printf '  %s: "%s"\n' "$1" "$2" >> "$pack_dir/versions"; }

# Prints `version=executable` of each. Asked from /, because rbenv's shims obey the .ruby-version of the folder they are called in.
list_rubies() {
  local path
  cd /
  for path in "$@"; do
    [[ ! -x $path ]] || "$path" --disable-all -e 'require "rbconfig"; print RUBY_VERSION, "=", RbConfig.ruby, "\n"' 2> /dev/null || true
  done
}

# Where rbenv lives, if ruby is one of its shims: a build has no RBENV_ROOT of its own.
rbenv_root() { [[ $1 != */shims/* ]] || printf '%s' "${1%/shims/*}"; }

# Sets ruby_version and ruby, and puts it in front of PATH where another one is.
find_ruby() {
  local all=() answer on_path
  on_path=$(type -P ruby || true)
  RBENV_ROOT=${RBENV_ROOT:-$(rbenv_root "$on_path")}
  while IFS= read -r answer; do all+=("$answer"); done < <(
    list_rubies "$on_path" "${RBENV_ROOT:-/nowhere}"/versions/*/bin/ruby /opt/rubies/*/bin/ruby /usr/bin/ruby[0-9].[0-9]*
  )
  [[ ${#all[@]} -gt 0 ]] || fail "There is no Ruby on $pack_place." "$(remedy)"
  answer=$(PACK_PLACE=$pack_place PACK_REMEDY=$pack_remedy "${all[0]#*=}" "$pack_dir/lib/version.rb" "${all[@]}") || exit 1
  ruby_version=${answer%%$'\n'*} ruby=${answer##*$'\n'}
  if [[ $ruby != "${all[0]#*=}" ]]; then ruby_path=${ruby%/*} PATH=${ruby%/*}:$PATH; fi
  topic "Using Ruby $ruby_version of $pack_place"
  version_line ruby "$ruby_version"
}

remedy() {
  if [[ $STACK == host ]]; then printf 'Install Ruby and Bundler on the host.'
  else printf 'Make a stack with it: trimtab stack build --languages ruby.'; fi
}
