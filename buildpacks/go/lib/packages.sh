# Which of the app's packages are commands, and which of them serves.

# Named ones first (devcenter.heroku.com/articles/go-support), else the root and cmd/, else whatever can be run.
choose_packages() {
  local comment
  comment=$(sed -n 's|^// +heroku install ||p' go.mod | tr -d '\r' | head -n 1)
  read -r -a packages <<< "${GO_INSTALL_PACKAGE_SPEC:-$comment}"
  [[ ${#packages[@]} -eq 0 ]] || return 0
  local where=(.)
  [[ ! -d cmd ]] || where+=(./cmd/...)
  mapfile -t packages < <(commands_in "${where[@]}")
  [[ ${#packages[@]} -gt 0 ]] || mapfile -t packages < <(commands_in ./...)
  [[ ${#packages[@]} -gt 0 ]] || fail 'There is no "package main" in this module, so there is nothing to run.' \
    'GO_INSTALL_PACKAGE_SPEC in build.env names what to install, such as ./cmd/web.'
}

# A folder without Go files is no error here, and of one that cannot be read the compiler tells. Modules may be fetched already.
commands_in() {
  {
    go list -e -find -f '{{if eq .Name "main"}}{{.ImportPath}}{{end}}' "$@" 2>&1 >&3 3>&- |
      { grep --line-buffered '^go: downloading' || true; } | indent >&2
  } 3>&1
}

# The one command there is, else the one that is called web, as the module, or server.
name_binaries() {
  local module name
  mapfile -t binaries < <(go list -find -f '{{if eq .Name "main"}}{{.Target}}{{end}}' "${packages[@]}")
  binaries=("${binaries[@]##*/}")
  web=''
  [[ ${#binaries[@]} -ne 1 ]] || web=${binaries[0]}
  module=$(go list -m | head -n 1)
  [[ ! $module =~ /v[0-9]+$ ]] || module=${module%/*}
  for name in web "${module##*/}" server; do
    if [[ -z $web && " ${binaries[*]} " == *" $name "* ]]; then web=$name; fi
  done
  indent <<< "bin/: ${binaries[*]}"
  [[ -n $web || -f Procfile ]] || warn 'None of these is called web or server: write a Procfile that says what runs.'
}

run_hook() {
  [[ -x $1 ]] || return 0
  topic "Running $1"
  "./$1" 2>&1 | indent
}
