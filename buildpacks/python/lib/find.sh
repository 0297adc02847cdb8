# What the app asks for, the Python that fits, and a virtual environment with it.

# Sets BASE, the Python that the pack's own programs run with, and what lib/facts.py says.
read_facts() {
  manager='' lockfile='' wanted='' wanted_in='' fits='' digest='' package='' listed=''
  local name value more answer status
  for name in python3 python python3.{20..8}; do
    command -v "$name" > /dev/null || continue
    status=0
    # From /, because pyenv's shims obey the .python-version of the folder they are called in. Without the app's variables.
    answer=$(cd / && PYTHONDONTWRITEBYTECODE=1 "$name" -EsB "$pack_dir/lib/facts.py" "$build_dir" "$pack_dir/listed.txt") || status=$?
    [[ $answer == have* ]] || continue
    [[ $status == 0 ]] || exit 1
    while IFS=$'\t' read -r name value more; do
      case $name in
        have) BASE_VERSION=$value BASE=$more ;;
        manager | lockfile | wanted | wanted_in | fits | digest | package | listed) printf -v "$name" '%s' "$value" ;;
      esac
    done <<< "$answer"
    return
  done
  fail "There is no Python on the PATH of $pack_place." "$pack_remedy."
}

# Sets PYTHON, the real interpreter, because a virtual environment keeps its path for ever; VERSION; and python_place.
find_python() {
  PYTHON=$BASE VERSION=$BASE_VERSION python_place=$pack_place
  [[ -z $fits ]] || return 0
  local all found
  all=$(list_pythons | sort -uV)
  found=$(own_python pick.py "$wanted" <<< "$all")
  if [[ -n $found ]]; then
    IFS=$'\t' read -r VERSION PYTHON <<< "$found"
    return
  fi
  . "$pack_dir/lib/managed.sh"
  fetch_python
  [[ -z $managed ]] || return 0
  fail "$wanted_in asks for Python $wanted; $pack_place has: $(cut -f1 <<< "$all" | uniq | tr '\n' ' ')" \
    "$pack_remedy, or ask for one of these."
}

# Runs one of the pack's own programs.
own_python() {
  local program=$1
  shift
  (cd / && "$BASE" -EsB "$pack_dir/lib/$program" "$@")
}

# Prints `version<TAB>executable` of each Python: every name that a system may give it, and pyenv's.
list_pythons() {
  local name names=(python3 python) minor path
  # pyenv's shims of these answer for versions that are listed below, and take their time.
  for minor in {20..8}; do [[ $(command -v "python3.$minor") == */shims/* ]] || names+=("python3.$minor"); done
  if [[ -n $PYENV_ROOT || -d ${PYENV_ROOT:=$(pyenv_root)} ]]; then
    for path in "$PYENV_ROOT"/versions/*/bin/python3; do names+=("$path"); done
  fi
  cd /
  for name in "${names[@]}"; do
    command -v "$name" > /dev/null || continue
    "$name" -Ic 'import sys; print("%d.%d.%d\t%s" % (*sys.version_info[:3], sys.executable))' 2>/dev/null || true
  done
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
  local version
  version=$(pip_version "$PYTHON")
  if [[ -n $version && $(printf '%s\n' 22.3 "$version" | sort -V | head -n 1) == 22.3 ]]; then
    (cd / && "$PYTHON" -Im venv --without-pip "$VENV") 2>&1 | indent
    PIP=("$PYTHON" -Im pip --python "$VENV/bin/python")
  else
    (cd / && "$PYTHON" -Im venv "$VENV") 2>&1 | indent
    PIP=("$VENV/bin/python" -Im pip)
    version=$(pip_version "$VENV/bin/python")
  fi
  record pip "$version"
}

pip_version() { (cd / && "$1" -Ic 'import pip; print(pip.__version__)' 2>/dev/null) || true; }

# For the bill of materials: bin/release gives them out.
record() {
  [[ -n $2 ]] || return 0
  grep -qs "^$1 " "$pack_dir/versions" || printf '%s %s\n' "$1" "$2" >> "$pack_dir/versions"
}
