# The package manager in the version that the app, or else its lock file, asks for: the one that is there if it fits, else one from
# the npm registry.

manager_version=''

use_manager() {
  [[ -z $manager_version ]] || return 0
  [[ -z $manager_other ]] || warn "packageManager in package.json names $manager_other; $lockfile is $manager's, and counts."
  if [[ -n $yarn_path ]]; then
    lay_vendored_yarn
  elif ! find_present; then
    if [[ -z $manager_range && $manager == npm ]]; then
      manager_range=$(npm_for "${node_version%%.*}") manager_from="it goes with Node.js ${node_version%%.*}"
    fi
    kept_tool "$manager" "$manager_range" ||
      fetch_tool "$manager" "$(package_of)" "$manager_range" "$manager_from"
    manager_version=$fetched_version
    lay_manager
  fi
  set_up_manager
}

# The one on the PATH, as its own package.json tells: to ask it takes half a second.
find_present() {
  local path version
  # The one of the stack runs with the stack's node only.
  [[ $manager != npm || -z $has_own_node ]] || return 1
  path=$(type -P "$manager") || return 1
  path=$(readlink -f "$path")
  # Corepack's stand-ins would fetch one themselves, with every build.
  [[ $path != */corepack/* ]] || return 1
  version=$(version_in "${path%/*}/../package.json" 2> /dev/null) ||
    version=$(cd / && "$path" --version 2> /dev/null) || return 1
  [[ -z $manager_range || $(run_node "$pack_dir/lib/pick.mjs" fitting "$manager_range" "$version") == "$version" ]] || return 1
  manager_version=$version
}

# What the releases of Node.js bring along.
npm_for() {
  if (($1 >= 24)); then echo 11; elif (($1 >= 20 || $1 == 18)); then echo 10; elif (($1 == 19)); then echo 9; elif (($1 >= 16)); then echo 8
  # The old ones' own cannot read today's lock files.
  elif (($1 >= 10)) && grep -q '"lockfileVersion": [23]' "${lockfile:-/dev/null}"; then if (($1 >= 12)); then echo 8; else echo 7; fi
  else echo 6; fi
}

package_of() { if [[ $manager == yarn && ! $manager_range =~ ^[^0-9]*[01]([^0-9]|$) ]]; then echo @yarnpkg/cli-dist; else echo "$manager"; fi; }

# npm is for the build: the stack's runs what the app calls later. Of the others the stack has none, and a Procfile may well say
# `yarn start`, so they go where Node.js goes.
lay_manager() {
  local home=$build_dir/.heroku/node
  if [[ $manager == npm ]]; then
    PATH=$fetched_dir/node_modules/.bin:$PATH
  else
    mkdir -p "$home/bin"
    cp -R "$fetched_dir/node_modules" "$home/lib"
    ln -s "../lib/.bin/$manager" "$home/bin/$manager"
    [[ $PATH == "$home/bin:"* ]] || PATH=$home/bin:$PATH
  fi
  hash -r
  indent <<< "Using $manager $manager_version from the npm registry"
}

# A release of yarn that the repository carries.
lay_vendored_yarn() {
  local bin=$build_dir/.heroku/node/bin
  mkdir -p "$bin"
  printf '#!/bin/sh\nexec node "${0%%/*}/../../../%s" "$@"\n' "$yarn_path" > "$bin/yarn"
  chmod 755 "$bin/yarn"
  [[ $PATH == "$bin:"* ]] || PATH=$bin:$PATH
  hash -r
  manager_version=$(yarn --version)
}

# Where they keep what they fetch, and that they ask nobody and tell nobody.
set_up_manager() {
  export npm_config_cache=$cache_dir/npm npm_config_prefer_offline=true
  case $manager in
    pnpm)
      # Other stores have other shims, with absolute paths in them.
      export npm_config_store_dir=$cache_dir/pnpm npm_config_extend_node_path=false npm_config_manage_package_manager_versions=false
      export pnpm_config_store_dir=$cache_dir/pnpm pnpm_config_extend_node_path=false
      [[ -z $npm_config_registry ]] || export pnpm_config_registry=${pnpm_config_registry:-$npm_config_registry} ;;
    yarn)
      if is_berry; then set_up_berry; else export YARN_CACHE_FOLDER=$cache_dir/yarn; fi ;;
  esac
}

is_berry() { [[ $manager == yarn && $manager_version != [01].* ]]; }
is_pnp() { is_berry && [[ $yarn_linker == pnp ]]; }

# With node_modules, packages are unpacked from a cache that may lie anywhere; with Plug'n'Play they are run from it.
set_up_berry() {
  export YARN_GLOBAL_FOLDER=$cache_dir/yarn-berry YARN_ENABLE_TELEMETRY=0 YARN_ENABLE_GLOBAL_CACHE=1
  if is_pnp || [[ -d .yarn/cache ]]; then YARN_ENABLE_GLOBAL_CACHE=0; fi
  [[ -n $npm_config_registry ]] || return 0
  export YARN_NPM_REGISTRY_SERVER=${YARN_NPM_REGISTRY_SERVER:-${npm_config_registry%/}}
  local host=${npm_config_registry#http://}
  host=${host%%[:/]*}
  [[ $npm_config_registry != http://* ]] || export YARN_UNSAFE_HTTP_WHITELIST=${YARN_UNSAFE_HTTP_WHITELIST:-$host}
}
