# What package.json says. Starting node to read it costs more than all the rest of a small app's build, so a plain one
# (small, no escapes, at most two levels of objects) is read here; everything else by lib/facts.mjs.

FACTS='web node_range node_from node_fits node_version node_package has_dependencies has_dev has_workspaces prebuild build cleanup
  manager manager_range manager_from manager_other lockfile yarn_path yarn_linker modules_key hooks package_name package_version
  script_heroku_prebuild script_heroku_postbuild script_build script_heroku_cleanup
  script_preinstall script_install script_postinstall script_prepare'

read_facts() {
  local name
  for name in $FACTS; do printf -v "$name" ''; done
  if [[ ! -f package.json ]]; then
    [[ ! -f server.js ]] || web='"node server.js"'
    return
  fi
  local json
  json=$(< package.json)
  if [[ ! -f .node-version && ! -f .nvmrc ]] && is_plain "$json"; then
    read_plain "$json"
  else
    read_with_node
  fi
}

# True for valid JSON of the plain kind with none of the keys that would need more than a look.
is_plain() {
  local w='[[:space:]]*' string='"[^"\\[:cntrl:]]*"'
  [[ ${#1} -le 2048 && $1 != *\\* ]] || return 1
  [[ ! $1 =~ \"(engines|dependencies|devDependencies|optionalDependencies|peerDependencies|workspaces|packageManager|heroku-prebuild|heroku-postbuild|heroku-cleanup|build|prestart|poststart)\"$w: ]] || return 1
  local scalar="($string|true|false|null|-?(0|[1-9][0-9]{0,14}))"
  local object="\\{$w($string$w:$w$scalar$w(,$w$string$w:$w$scalar$w)*)?\\}"
  local list="\\[$w($scalar$w(,$w$scalar$w)*)?\\]"
  local pair="$string$w:$w($scalar|$object|$list)"
  [[ $1 =~ ^$w\{$w($pair$w(,$w$pair$w)*)?\}$w$ ]]
}

# In two levels without escapes, `"scripts": {` can only be the one at the top.
read_plain() {
  local w='[[:space:]]*' start='' scripts='"scripts"[[:space:]]*:[[:space:]]*\{([^}]*)\}'
  if [[ $1 =~ $scripts ]]; then
    local inside=${BASH_REMATCH[1]} pattern="\"start\"$w:$w(\"[^\"]*\")"
    local quotes=${inside//[^\"]/}
    # A brace inside a script cuts the match short.
    if [[ $inside == *'{'* || $((${#quotes} % 2)) == 1 ]]; then
      read_with_node
      return
    fi
    [[ ! $inside =~ $pattern ]] || start=${BASH_REMATCH[1]}
  fi
  [[ $start =~ ^\"$w\"$ ]] || web=$start
  # npm's own default for `npm start` (docs.npmjs.com/cli/commands/npm-start).
  [[ -n $web || ! -f server.js ]] || web='"node server.js"'
  # A script that asks for npm's variables needs npm.
  [[ $web != *npm_* ]] || web='"npm start"'
}

# The node that was there first: the app's own may be too old for this buildpack.
run_node() { PATH=${first_path:-$PATH} node "$@"; }

read_with_node() {
  local name value answer
  answer=$(production=$production run_node "$pack_dir/lib/facts.mjs") || exit 1
  while IFS=$'\t' read -r name value; do
    [[ " "$FACTS" " != *[[:space:]]"$name"[[:space:]]* ]] || printf -v "$name" '%s' "$value"
  done <<< "$answer"
}

# The version of the node on the PATH as its headers beside it tell: starting it to ask takes too long for a file of JavaScript.
read_node_version() {
  local header major minor patch define='#define NODE_'
  hash node 2> /dev/null || return 0
  header=${BASH_CMDS[node]%/bin/node}/include/node/node_version.h
  [[ -f $header ]] || return 0
  header=$(< "$header")
  [[ $header =~ ${define}MAJOR_VERSION\ ([0-9]+).*${define}MINOR_VERSION\ ([0-9]+).*${define}PATCH_VERSION\ ([0-9]+) ]] || return 0
  node_version=${BASH_REMATCH[1]}.${BASH_REMATCH[2]}.${BASH_REMATCH[3]}
}

# heroku-prebuild may have written to .npmrc, or even to package.json. What was found by then stays as it is.
read_again() {
  local found=$node_version from=$node_from
  read_with_node
  node_version=$found node_from=$from
}
