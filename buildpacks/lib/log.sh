# How Heroku's build logs look: topics start with an arrow, everything below them with seven spaces.
topic() { printf -- '-----> %s\n' "$*"; }
# Without a line buffer of its own, so that each line is seen as it comes.
indent() { local line; while IFS= read -r line || [[ -n $line ]]; do printf '       %s\n' "$line"; done; }
warn() { printf ' !     %s\n' "$@"; }
fail() { warn "$@"; exit 1; }

# Where the tools come from, and who can add some.
if [[ $STACK == host ]]; then
  pack_place='this machine' pack_remedy='Install it on the host'
else
  pack_place='the stack' pack_remedy='Use a stack image that has it'
fi

# Exports the variables of ENV_DIR, but for those that would change how the build itself runs
# (the list is that of Heroku's own packs, devcenter.heroku.com/articles/buildpack-api).
export_env() {
  local file name
  for file in "$1"/*; do
    name=${file##*/}
    case $name in
      '*' | PATH | HOME | STACK | TRIMTAB_BUILD | BASH_ENV | ENV | IFS | GIT_DIR | CPATH | CPPATH | LD_PRELOAD | LIBRARY_PATH | LD_LIBRARY_PATH | PYTHONHOME) ;;
      *) export "$name=$(< "$file")" ;;
    esac
  done
}
