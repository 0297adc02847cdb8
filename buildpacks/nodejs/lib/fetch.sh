# Tools from the npm registry, kept in the CACHE by name and version. They are fetched by the npm that is there, from wherever that
# one is told to get packages, and checked by it.

tools=$cache_dir/nodejs/tools

# Sets: fetched_version, and its folder, fetched_dir. $3 is a version or a range, $4 who asked for it.
fetch_tool() {
  local name=$1 package=$2 range=$3 from=$4
  local new=$tools/new said=$scratch/fetch.log
  type -P npm > /dev/null || fail "$name $range${from:+ ($from)} would have to be fetched with npm, which is not on $pack_place." "$pack_remedy."
  topic "Fetching $name $range${from:+ ($from)}"
  rm -rf "$new"
  mkdir -p "$new"
  # Where the app's own .npmrc names a registry, its tools come from there too.
  [[ ! -f .npmrc ]] || cp .npmrc "$new/.npmrc"
  if ! ask_npm install --cache "$scratch/npm" --prefix "$new" --no-save --no-package-lock --ignore-scripts --loglevel=error "$package@$range" > "$said" 2>&1; then
    indent < "$said"
    # The registry was there, and answered that it has no such thing.
    if grep -Eq 'ETARGET|notarget|E404' "$said"; then
      list_versions "$package" || fail "The registry has no $package, which carries $name."
      fail "$name $range${from:+ ($from)} is not in the registry." "It has, among others: $(run_node "$pack_dir/lib/pick.mjs" nearby "$range" < "$versions")"
    fi
    fail "$name $range${from:+ ($from)} could not be fetched from the npm registry." "What is there already: $(describe_present "$name")"
  fi
  rm -f "$new/.npmrc" "$new/node_modules/.package-lock.json"
  fetched_version=$(version_in "$new/node_modules/$package/package.json")
  fetched_dir=$tools/$name/$fetched_version
  # Only whole ones get their name; and one of each is enough.
  trim_"$name" "$new"
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

# The versions of a package into the file $versions, as JSON.
list_versions() {
  versions=$scratch/versions.json
  ask_npm view --cache "$cache_dir/npm" "$1" versions --json --loglevel=error > "$versions" 2> "$scratch/view.log"
}

# The npm of the machine or the stack with its own node, whatever this build's are.
ask_npm() { PATH=$first_path npm --prefer-online --fund=false --audit=false --workspaces=false "$@"; }

version_in() { [[ $(< "$1") =~ \"version\":[[:space:]]*\"v?([^\"]+)\" ]] && printf '%s' "${BASH_REMATCH[1]}"; }

# The newest of the kept ones that fits.
kept_tool() {
  local name=$1 range=$2
  fetched_version='' fetched_dir=''
  [[ -d $tools/$name ]] || return 1
  fetched_version=$(run_node "$pack_dir/lib/pick.mjs" fitting "$range" $(ls "$tools/$name") < /dev/null)
  fetched_dir=$tools/$name/$fetched_version
  [[ -n $fetched_version ]]
}

describe_present() {
  local kept=''
  [[ ! -d $tools/$1 ]] || kept=" $(ls "$tools/$1") (from an earlier build)"
  if [[ $1 == node ]]; then printf '%s (%s)%s' "$node_version" "$pack_place" "$kept"; else printf '%s' "${kept:-nothing}"; fi
}
