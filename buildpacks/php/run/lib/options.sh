# What both servers are told: the options of Heroku's programs of these names.

read_options() {
  local option
  app=$(cd "$own/../.." && pwd) php=$(< "$own/version")
  port=${PORT:-5000} web_include='' fpm_include='' ini='' verbose=''
  while getopts :C:F:i:p:l:v option; do
    case $option in
      C) web_include=$(file_of "$OPTARG") ;;
      F) fpm_include=$(file_of "$OPTARG") ;;
      i) ini=$(file_of "$OPTARG") ;;
      p) port=$OPTARG ;;
      l) ;; # all logs come out here anyway
      v) verbose=yes ;;
      :) stop "${0##*/}: -$OPTARG wants a value." ;;
      *) stop "${0##*/}: there is no option -$OPTARG. There are -C FILE, -F FILE, -i FILE, -p PORT, -v." ;;
    esac
  done
  shift $((OPTIND - 1))
  [[ $port =~ ^[0-9]{1,5}$ ]] || stop "PORT is \"$port\", which is no port."
  root=$(cd "$app" && cd "${1:-.}" 2>/dev/null && pwd -P) || stop "There is no folder \"$1\" to serve."
  [[ $root != *[\"\$\\\'$'\n']* ]] || stop "A folder of this name cannot be served: $root"
}

# As seen from the app's folder.
file_of() {
  (cd "$app" && [[ -f $1 ]]) || stop "${0##*/}: there is no file $1."
  (cd "$app" && readlink -f "$1")
}

stop() {
  printf '%s\n' "$@" >&2
  exit 1
}

# How many requests are answered at a time: as many as have room in the memory, at PHP's own limit for each; at most 32.
children() {
  if [[ $WEB_CONCURRENCY =~ ^[1-9][0-9]{0,3}$ ]]; then echo "$WEB_CONCURRENCY"; return; fi
  local file bytes limit=128 count
  bytes=$(awk '/^MemTotal:/ {printf "%.0f", $2 * 1024}' /proc/meminfo 2>/dev/null) || true
  # cgroups, version 2 and 1; `max`, or a number beyond all memory, where there is no limit.
  for file in /sys/fs/cgroup/memory.max /sys/fs/cgroup/memory/memory.limit_in_bytes; do
    [[ $(cat "$file" 2>/dev/null) =~ ^[0-9]{1,18}$ ]] || continue
    ((BASH_REMATCH[0] >= ${bytes:-0} && ${bytes:-0} > 0)) || bytes=${BASH_REMATCH[0]}
  done
  ! [[ $(cat "$root/.user.ini" 2>/dev/null) =~ (^|$'\n')[[:space:]]*memory_limit[[:space:]]*=[[:space:]]*\"?([1-9][0-9]{0,5})[mM] ]] || limit=${BASH_REMATCH[2]}
  count=$((${bytes:-536870912} / 1048576 / limit))
  echo $((count < 1 ? 1 : count > 32 ? 32 : count))
}
