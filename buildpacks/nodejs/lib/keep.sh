# node_modules of the last build, kept in the CACHE: as it was installed, and what pruning took away from it. Each part gets its
# name when it is whole, so that a build that was cut short leaves none that is not.

keep=$cache_dir/nodejs/modules

# Takes node_modules from the last build, if the same would be installed.
restore_modules() {
  local name
  name=$(modules_name)
  [[ -n $name && -d $keep/$name/node_modules ]] || return 1
  cp -a "$keep/$name/node_modules" node_modules
  restored=$keep/$name
  restore_state "$restored"
}

keep_modules() {
  local name new=$keep/new
  rm -rf "$keep"
  name=$(modules_name)
  [[ -n $name && -d node_modules ]] || return 0
  mkdir -p "$new"
  cp -a node_modules "$new/node_modules"
  keep_state "$new"
  mv "$new" "$keep/$name"
}

# What yarn 2 and later want to see before they run a script.
keep_state() { [[ ! -f .yarn/install-state.gz ]] || cp -a .yarn/install-state.gz "$1/"; }
restore_state() { [[ ! -f $1/install-state.gz ]] || { mkdir -p .yarn && cp -a "$1/install-state.gz" .yarn/; }; }

modules_name() {
  [[ -z $modules_key || $NODE_MODULES_CACHE == false ]] || printf '%s-%s' "${modules_key:0:40}" "$node_version"
}

# Runs a command that prunes node_modules, and keeps what it did for the next build: which paths are gone, which files are new.
prune_and_keep() {
  local name gone=$scratch/gone
  name=$(modules_name)
  # Not every system can compare lists of names that may hold anything.
  if [[ -z $name || ! -d $keep/$name ]] || ! comm -z /dev/null /dev/null 2> /dev/null; then "$@"; return; fi
  list_modules > "$scratch/before"
  : > "$scratch/mark"
  "$@"
  list_modules > "$scratch/after"
  LC_ALL=C comm -z -23 "$scratch/before" "$scratch/after" > "$gone"
  local new=$keep/$name/new
  rm -rf "$new" "$keep/$name/pruned"
  mkdir -p "$new/files"
  cp "$gone" "$new/gone"
  keep_state "$new"
  (cd node_modules && find . ! -type d -newercm "$scratch/mark" -print0 | tar -c --null -T - -f - | tar -x -C "$new/files" -f -)
  mv "$new" "$keep/$name/pruned"
}

# Prunes a node_modules from the last build as it was pruned then.
prune_again() {
  [[ -n $restored && -f $restored/pruned/gone ]] || return 1
  (cd node_modules && xargs -0 -r rm -rf -- < "$restored/pruned/gone")
  cp -a "$restored/pruned/files/." node_modules/
  restore_state "$restored/pruned"
}

list_modules() { (cd node_modules && find . -mindepth 1 -print0 | LC_ALL=C sort -z); }
