# Finding the Python that was asked for among those that are there, and making a virtual environment with it.

# The version asked for: `3.11`, `3.11.7`; runtime.txt writes it as `python-3.11.7`.
asked_for() {
  local file line
  for file in .python-version runtime.txt; do
    [[ -f $file ]] || continue
    while IFS= read -r line || [[ -n $line ]]; do
      line=${line%%#*} line=${line//[[:space:]]/} line=${line#python-}
      [[ -n $line ]] || continue
      [[ $line =~ ^[0-9]+(\.[0-9]+){0,2}$ ]] || fail "$file asks for Python \"${line:0:40}\"; write a version such as 3.11."
      WANTED=$line WANTED_IN=$file
      return
    done < "$file"
  done
}

# Prints `version<TAB>executable` of each Python. Asked from /, because pyenv's shims obey the .python-version of the folder
# they are called in; the real interpreter is taken, because a virtual environment keeps its path for ever.
list_pythons() {
  local name
  cd /
  for name in "$@"; do
    command -v "$name" > /dev/null || continue
    "$name" -c 'import sys; print("%d.%d.%d\t%s" % (*sys.version_info[:3], sys.executable))' 2>/dev/null || true
  done
}

fits() { [[ -z $WANTED || $1 == "$WANTED" || $1 == "$WANTED".* ]]; }

find_python() {
  WANTED='' WANTED_IN='' PYTHON='' VERSION=''
  asked_for
  local version path names=(python3) all
  # The plain name first: most apps need no second look. Then every name that a system may give it.
  take_first < <(list_pythons python3) && return
  names=(python)
  for minor in {20..8}; do names+=("python3.$minor"); done
  if [[ -n $PYENV_ROOT || -d ${PYENV_ROOT:=$(pyenv_root)} ]]; then
    for path in "$PYENV_ROOT"/versions/*/bin/python3; do names+=("$path"); done
  fi
  all=$(list_pythons "${names[@]}" python3)
  take_first <<< "$all" && return
  [[ -n $all ]] || fail "There is no Python on the PATH of $pack_place."
  local have
  have=$(cut -f1 <<< "$all" | sort -uV | tr '\n' ' ')
  fail "$WANTED_IN asks for Python $WANTED; $pack_place has: $have" "$pack_remedy, or ask for one of these."
}

take_first() {
  local version path
  while IFS=$'\t' read -r version path; do
    if fits "$version"; then VERSION=$version PYTHON=$path; return 0; fi
  done
  return 1
}

# Where pyenv lives, if python3 is one of its shims: a build has no PYENV_ROOT of its own.
pyenv_root() {
  local shim
  shim=$(command -v python3) || return 0
  [[ $shim != */shims/* ]] || printf '%s' "${shim%/shims/*}"
}

# -I keeps the app's own files out of the way: a logging.py in its folder would be taken for Python's.
# pip from 22.3 on installs into another environment, which saves the two seconds that giving each its own pip takes.
make_venv() {
  topic 'Creating a virtual environment'
  if (cd / && "$PYTHON" -Ic 'import pip; v = pip.__version__.split("."); exit(not (int(v[0]), int(v[1])) >= (22, 3))' 2>/dev/null); then
    "$PYTHON" -Im venv --without-pip "$VENV" 2>&1 | indent
    PIP=("$PYTHON" -Im pip --python "$VENV/bin/python")
  else
    "$PYTHON" -Im venv "$VENV" 2>&1 | indent
    PIP=("$VENV/bin/python" -Im pip)
  fi
}
