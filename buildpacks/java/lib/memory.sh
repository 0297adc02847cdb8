# The heap is a share of what the container may use: 60 % of up to 512 MB, 70 % of up to 2 GB, 80 % of more. The rest is for
# threads, code and buffers, of which a small app has no less than a large one. Without a limit the JVM decides by itself.
_limit=
for _file in /sys/fs/cgroup/memory.max /sys/fs/cgroup/memory/memory.limit_in_bytes; do
  if [[ -r $_file ]]; then read -r _limit < "$_file"; break; fi
done
# Version 2 writes "max" where there is none, version 1 a number of 19 digits.
if [[ $_limit =~ ^[0-9]{7,15}$ ]]; then
  _limit=$((_limit / 1048576))
  if ((_limit <= 512)); then _heap="-Xmx$((_limit * 60 / 100))m -Xss512k"
  elif ((_limit <= 2048)); then _heap="-Xmx$((_limit * 70 / 100))m"
  else _heap="-Xmx$((_limit * 80 / 100))m"; fi
  # Every JVM heeds JAVA_TOOL_OPTIONS; what a command line says, such as $JAVA_OPTS, wins over it.
  case $JAVA_OPTS in *-Xmx* | *RAMPercentage*) ;; *) export JAVA_OPTS="$_heap${JAVA_OPTS:+ $JAVA_OPTS}" ;; esac
  case $JAVA_TOOL_OPTIONS$JAVA_OPTS in
    *RAMPercentage*) ;;
    *) export JAVA_TOOL_OPTIONS="$_heap${JAVA_TOOL_OPTIONS:+ $JAVA_TOOL_OPTIONS}" ;;
  esac
fi
unset _limit _file _heap
