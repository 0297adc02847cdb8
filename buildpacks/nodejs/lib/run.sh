# Running a script of package.json.

run_script() {
  local plain=script_${1//-/_}
  use_manager
  topic "Running $1"
  if [[ -n ${!plain} ]]; then
    run_plain "$1" "${!plain}" 2>&1 | indent || fail "The script $1 of package.json failed."
  else
    "$manager" run "$1" 2>&1 | indent || fail "The script $1 of package.json failed."
  fi
}

# What npm does to run one, without the second that it takes to begin: the app's packages on PATH, and the variables that tools look at
# (docs.npmjs.com/cli/using-npm/scripts).
run_plain() (
  printf '> %s\n> %s\n\n' "$package_name${package_version:+@$package_version} $1" "$2"
  export PATH=$PWD/node_modules/.bin:$PATH
  export npm_lifecycle_event=$1 npm_lifecycle_script=$2 npm_command=run-script INIT_CWD=$PWD npm_config_local_prefix=$PWD
  export npm_package_name=$package_name npm_package_version=$package_version npm_package_json=$PWD/package.json
  NODE=$(type -P node) npm_execpath=$(readlink -f "$(type -P npm)")
  export NODE npm_execpath npm_node_execpath=$NODE npm_config_user_agent="npm/$manager_version node/v$node_version"
  exec sh -c "$2"
)
