# A Python that the place does not have: uv knows where to get one (UV_PYTHON_INSTALL_MIRROR says where else). It goes into the app,
# since that is all that an image has of its own.

# Sets managed, PYTHON, VERSION and python_place; where it cannot be had it says why, and sets nothing.
fetch_python() {
  # What uv has never had is not asked for: 2.7, 4.
  [[ $wanted =~ (^|[^0-9.<])3(\.([89]|[1-9][0-9])(\.|[^0-9.]|$)|$) ]] || return 0
  local install=$cache_dir/python/managed said=$pack_dir/managed.log found
  get_uv || return 0
  topic "Installing Python $wanted with uv"
  export UV_PYTHON_INSTALL_DIR=$install
  if ! (cd / && UV_PYTHON_DOWNLOADS=manual "$uv" python install --no-bin --no-progress "$wanted" > "$said" 2>&1); then
    indent < "$said"
    return
  fi
  indent < "$said"
  found=$(cd / && "$uv" python find --managed-python --no-project "$wanted")
  copy_managed "${found%/bin/*}"
  VERSION=$(cd / && "$PYTHON" -Ic 'import sys; print("%d.%d.%d" % sys.version_info[:3])')
  python_place=uv
}

# Not what only building with it or learning it takes; of that, what builds need is removed when they are done.
copy_managed() {
  managed=$build_dir/.heroku/cpython
  mkdir -p "${managed%/*}"
  cp -a "$(readlink -f "$1")" "$managed"
  rm -rf "$managed"/lib/python3*/{test,idlelib,turtledemo,EXTERNALLY-MANAGED} "$managed"/share
  PYTHON=$managed/bin/python3
}

# When nothing more is built with it.
finish_managed() {
  rm -rf "$managed"/include "$managed"/lib/pkgconfig "$managed"/lib/python3*/{ensurepip,config-*,site-packages/pip*} \
    "$managed"/bin/{pip,2to3,idle,pydoc}* "$managed"/bin/*-config
  compile_bytecode "$managed"/lib/python3*
}
