# Installing into the virtual environment what the app's files ask for.

install_dependencies() {
  case $manager in
    pip) topic 'Installing requirements with pip' ;;
    project) topic "Installing the dependencies of ${lockfile:-this app} with pip" ;;
    *) get_"$manager"; topic "Installing dependencies of $lockfile with $manager" ;;
  esac
  install_with_"$manager"
}

# Compiling is left to lib/bytecode.py. Its output is read line by line; pip shows no progress bar to a pipe.
pip_install() { "${PIP[@]}" install --progress-bar off --no-compile "$@" 2>&1 | indent; }

install_with_pip() { pip_install -r requirements.txt; }

# Where only a build tells what the project depends on, it is installed whole, below.
install_with_project() {
  if [[ -s $pack_dir/listed.txt ]]; then pip_install -r "$pack_dir/listed.txt"; fi
}

install_with_uv() {
  local said=$pack_dir/uv.log
  if [[ -z $UV_DEFAULT_INDEX$UV_INDEX_URL ]]; then
    uv_sync --no-install-project
    return
  fi
  # A lock holds the addresses of the index that it was made with, and uv would go there.
  if ! env -u UV_DEFAULT_INDEX -u UV_INDEX_URL -u UV_INDEX -u UV_EXTRA_INDEX_URL "$uv" lock --check --offline --python "$PYTHON" > "$said" 2>&1; then
    indent < "$said"
    lock_is_old 'uv lock'
  fi
  "$uv" export --frozen --no-dev --no-emit-project --no-header --quiet --python "$PYTHON" > "$pack_dir/list.txt"
  "$uv" pip install --python "$VENV/bin/python" --no-deps -r "$pack_dir/list.txt" 2>&1 | indent
}

uv_sync() {
  local said=$pack_dir/uv.log
  UV_PROJECT_ENVIRONMENT=$VENV "$uv" sync --locked --no-dev --no-editable --python "$VENV/bin/python" "$@" 2>&1 | tee "$said" | indent && return
  ! grep -q 'needs to be updated' "$said" || lock_is_old 'uv lock'
  exit 1
}

install_with_poetry() {
  local list=$pack_dir/list.txt
  run_tool poetry -C "$build_dir" check --lock --no-interaction > "$list" 2>&1 || {
    indent < "$list"
    ! grep -q 'poetry.lock' "$list" || lock_is_old 'poetry lock'
  }
  poetry_export "$list"
  # pip refuses hashes where something comes from a repository, which has none.
  ! grep -Eq ' @ |^-e ' "$list" || poetry_export "$list" --without-hashes
  pip_install --no-deps -r "$list"
}

poetry_export() {
  run_tool poetry -C "$build_dir" export --only main --with-credentials --no-interaction --no-ansi --output "$@" 2>&1 | indent
}

install_with_pipenv() {
  local list=$pack_dir/list.txt
  run_tool pipenv verify > "$list" 2>&1 || {
    indent < "$list"
    lock_is_old 'pipenv lock'
  }
  run_tool pipenv requirements --hash > "$list"
  ! grep -Eq ' @ |^-e |git\+' "$list" || run_tool pipenv requirements > "$list"
  # PyPI is the default that the operator may have replaced.
  sed -i '/^-i https:\/\/pypi\.org\/simple\/*$/d' "$list"
  pip_install --no-deps -r "$list"
}

lock_is_old() { fail "$lockfile does not fit what it was made from any more. Run $1 and commit what it changes."; }

# The app itself, where it is a package: its commands, and what finds it by its name.
install_project() {
  [[ -n $package ]] || return 0
  topic 'Installing the app itself'
  local before
  before=$(leftovers)
  if [[ $manager == uv ]]; then
    get_uv
    if [[ -z $UV_DEFAULT_INDEX$UV_INDEX_URL ]]; then uv_sync; else "$uv" pip install --python "$VENV/bin/python" --no-deps "$build_dir" 2>&1 | indent; fi
  else
    local deps=--no-deps
    [[ $manager != project || -n $listed ]] || deps=
    pip_install $deps "$build_dir"
  fi
  # setuptools builds in the app's own folder and leaves these there.
  comm -13 <(echo "$before") <(leftovers) | while IFS= read -r name; do [[ -z $name ]] || rm -rf "./$name"; done
}

leftovers() { (shopt -s nullglob; printf '%s\n' build*/ *.egg-info src/*.egg-info | sort); }
