# uv, Poetry and Pipenv, from PyPI into CACHE: nothing of them gets into the app. What they install is in the lock file; which of
# their own versions does it is fixed here all the same, so that a build does not begin to fail by itself.

get_uv() {
  get_tool uv "${UV_VERSION:-0.13.9}" || return
  uv=$TOOL/bin/uv
  export UV_CACHE_DIR=$cache_dir/uv UV_LINK_MODE=copy UV_NO_PROGRESS=1 UV_PYTHON_DOWNLOADS=never UV_COMPILE_BYTECODE=0
  # What the operator says of PyPI to pip holds for uv too.
  if [[ -z $UV_DEFAULT_INDEX$UV_INDEX_URL && -n $PIP_INDEX_URL ]]; then export UV_DEFAULT_INDEX=$PIP_INDEX_URL; fi
  if [[ -z $UV_INDEX$UV_EXTRA_INDEX_URL && -n $PIP_EXTRA_INDEX_URL ]]; then export UV_INDEX=$PIP_EXTRA_INDEX_URL; fi
}

get_poetry() {
  # The plugin that writes down what a poetry.lock says, for pip to install: pip knows the operator's index, Poetry would not.
  get_tool poetry "${POETRY_VERSION:-2.5.1}" poetry-plugin-export
  export POETRY_CACHE_DIR=$cache_dir/poetry POETRY_VIRTUALENVS_CREATE=false
}

get_pipenv() {
  get_tool pipenv "${PIPENV_VERSION:-2026.10.3}"
  export PIPENV_PIPFILE=$build_dir/Pipfile PIPENV_IGNORE_VIRTUALENVS=1 PIPENV_NOSPIN=1
}

# Sets TOOL, the folder. It has its name only when it is whole.
get_tool() {
  local name=$1 version=$2
  shift 2
  [[ $version =~ ^[0-9]+(\.[0-9a-z]+)*$ ]] || fail "\"${version:0:40}\" is no version of $name."
  TOOL=$cache_dir/python/tools/$name-$version-${BASE_VERSION%.*}
  record "$name" "$version"
  [[ ! -d $TOOL ]] || return 0
  topic "Installing $name $version"
  if [[ -z $(pip_version "$BASE") ]]; then
    warn "It is installed with pip, and the Python of $pack_place has none." "$pack_remedy (python3-pip)."
    return 1
  fi
  rm -rf "$cache_dir/python/tools/$name"-*
  # Quiet: what it installs besides is nothing of the app's.
  (cd / && "$BASE" -Im pip install --quiet --no-compile --progress-bar off --target "$TOOL.new" "$name==$version" "$@") 2>&1 | indent || return
  mv "$TOOL.new" "$TOOL"
}

# Runs a tool that is written in Python, with nothing of the app's in its way.
run_tool() { (cd / && "$BASE" -I "$pack_dir/lib/tool.py" "$TOOL" "$@"); }
