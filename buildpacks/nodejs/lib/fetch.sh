# Tools from the npm registry, kept in the CACHE by name and version. They are fetched by the npm that is there, from wherever that
# one is told to get packages, and checked by it.

tools=$cache_dir/nodejs/tools
# By itself npm waits for ten seconds before it asks again, and for a minute after that: a network that is not there is told sooner.
export npm_config_fetch_retry_mintimeout=${npm_config_fetch_retry_mintimeout:-1000}
export npm_config_fetch_retry_factor=${npm_config_fetch_retry_factor:-3}
export npm_config_update_notifier=false npm_config_audit=false npm_config_fund=false

# Sets: fetched_version, and its folder, fetched_dir. $4 says who asked for it.
fetch_tool() {
  local name=$1 package=$2 range=$3 from=$4
  local new=$tools/new said=$scratch/fetch.log what="${1/#node/Node.js} $3${4:+ ($4)}"
  type -P npm > /dev/null || fail "$what would have to be fetched with npm, which is not on $pack_place." "$pack_remedy."
  topic "Fetching $what"
  rm -rf "$new"
  mkdir -p "$new"
  # Where the app's own .npmrc names a registry, its tools come from there too.
  [[ ! -f .npmrc ]] || cp .npmrc "$new/.npmrc"
  if ! ask_npm install --cache "$scratch/npm" --prefix "$new" --no-save --no-package-lock --ignore-scripts "$package@$range" > "$said" 2>&1; then
    tell_refusal "$said"
    # Either the registry was there, and answered that it has no such thing, or it was not.
    ! grep -Eq 'ETARGET|E404' "$said" || refuse "$what" "$package" "$range"
    fail "$what has to come from the npm registry, and could not be fetched."
  fi
  rm -f "$new/.npmrc" "$new/node_modules/.package-lock.json"
  fetched_version=$(version_in "$new/node_modules/$package/package.json")
  fetched_dir=$tools/$name/$fetched_version
  trim_"$name" "$new"
  # Only whole ones get their name; and one of each is enough.
  rm -rf "${tools:?}/$name"
  mkdir -p "$tools/$name"
  mv "$new" "$fetched_dir"
}

# Of Node.js the program, and the headers that packages with native parts are built with.
trim_node() {
  local from=$1/node_modules/$node_package
  mv "$from/bin" "$1/bin"
  [[ ! -d $from/include ]] || mv "$from/include" "$1/include"
  rm -rf "$1/node_modules"
}
trim_npm() { :; }
trim_yarn() { find "$1" -type f -name '*.md' -delete; }
trim_pnpm() { find "$1" -type f \( -name '*.md' -o -name '*.map' -o -name 'reflink.win32-*' -o -name 'reflink.darwin-*' \) -delete; }

# Ends the build because the registry has no such version, and names those it has.
refuse() {
  local what=$1 package=$2 range=$3 here=''
  [[ -s $versions ]] || list_versions "$package" || fail "There is no $what: the npm registry has no $package, which would carry it."
  [[ $package != "$node_package" ]] || here="$node_version on $pack_place, and "
  fail "There is no $what." "There are: ${here}in the npm registry, among others, $(run_node "$pack_dir/lib/pick.mjs" nearby "$range" < "$versions")"
}

# What npm says, without where in itself it says it.
tell_refusal() { grep -Ev '^npm (error|ERR!)([[:space:]]+(at |[A-Za-z]+: |}).*|[[:space:]]*)$|^npm notice|debug-0\.log' "$1" | indent; }

# The versions of a package into the file $versions, as JSON.
list_versions() {
  versions=$scratch/versions.json
  ask_npm view --cache "$cache_dir/npm" "$1" versions --json > "$versions" 2> "$scratch/view.log" || { rm -f "$versions"; return 1; }
}

# The npm of the machine or the stack with its own node, whatever this build's are.
ask_npm() { PATH=$first_path npm --prefer-online --loglevel=error --workspaces=false "$@"; }

# The newest of the kept ones that fits.
kept_tool() {
  local name=$1 range=$2
  fetched_version='' fetched_dir=''
  [[ -d $tools/$name ]] || return 1
  fetched_version=$(run_node "$pack_dir/lib/pick.mjs" fitting "$range" $(ls "$tools/$name"))
  fetched_dir=$tools/$name/$fetched_version
  [[ -n $fetched_version ]]
}

version_in() { [[ $(< "$1") =~ \"version\":[[:space:]]*\"v?([^\"]+)\" ]] && printf '%s' "${BASH_REMATCH[1]}"; }
