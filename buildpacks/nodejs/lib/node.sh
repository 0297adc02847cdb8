# The Node.js of the build and of the app: the one that is there if it fits, else one from the npm registry.

use_node() {
  command -v node > /dev/null || fail "There is no node on the PATH of $pack_place."
  if [[ -n $node_fits ]]; then
    topic "Using Node.js v$node_version of $pack_place"
    [[ -z $node_range ]] || indent <<< "asked for: $node_range ($node_from)"
    return
  fi
  topic "$node_from asks for Node.js $node_range; $pack_place has $node_version"
  find_node
  lay_node
}

# Sets fetched_version and fetched_dir.
find_node() {
  local version=${node_range#v} what="Node.js $node_range ($node_from)"
  if [[ ! $version =~ ^[0-9]+\.[0-9]+\.[0-9]+$ ]]; then
    if list_versions "$node_package"; then
      version=$(run_node "$pack_dir/lib/pick.mjs" newest "$node_range" < "$versions")
      [[ -n $version ]] || refuse "$what" "$node_package" "$node_range"
    elif kept_tool node "$node_range"; then
      warn "The npm registry cannot be asked for the newest Node.js $node_range: the last build's is taken."
      return
    else
      tell_refusal "$scratch/view.log"
      ! grep -q E404 "$scratch/view.log" || fail "There is no $what: the npm registry has no $node_package, which would carry it."
      fail "$what has to come from the npm registry, which does not answer."
    fi
  fi
  kept_tool node "$version" || fetch_tool node "$node_package" "$version" "$node_from"
}

# The program alone, as a second name of the cache's where they share a disk.
lay_node() {
  local bin=$build_dir/.heroku/node/bin
  "$fetched_dir/bin/node" --version > /dev/null 2>&1 || fail "Node.js $fetched_version from the npm registry does not run on $pack_place."
  mkdir -p "$bin"
  ln "$fetched_dir/bin/node" "$bin/node" 2> /dev/null || cp "$fetched_dir/bin/node" "$bin/node"
  # npm of the stack needs the stack's own node; the scripts it runs find the app's by the PATH.
  local program
  for program in npm npx; do
    type -P "$program" > /dev/null || continue
    printf '#!/bin/sh\nexec %q %q "$@"\n' "$(type -P node)" "$(type -P "$program")" > "$bin/$program"
    chmod 755 "$bin/$program"
  done
  node_version=$fetched_version has_own_node=yes
  export PATH=$bin:$PATH
  hash -r
  # node-gyp would fetch headers from nodejs.org; the first name is for its releases of 2025 and later.
  [[ ! -d $fetched_dir/include ]] || export npm_package_config_node_gyp_nodedir=$fetched_dir npm_config_nodedir=$fetched_dir
  indent <<< "Using Node.js v$node_version from the npm registry"
}
