# PHP's built-in server, where there is no other: for trying things out.

serve_builtin() {
  local program server='' code=0
  program=$(type -P "$own/bin/php" || type -P php) || stop 'There is no PHP here.'
  echo "There is no nginx or no PHP-FPM here: PHP's built-in server answers, which is not meant for the public." >&2
  export PHP_CLI_SERVER_WORKERS=${PHP_CLI_SERVER_WORKERS:-$(children)} PHP_WEB_ROOT=$root
  cd "$root"
  # In a group of their own: its workers would outlive it.
  set -m
  trap '[[ -z $server ]] || kill -TERM -- "-$server"' TERM INT
  "$program" ${ini:+-c "$ini"} -S "0.0.0.0:$port" -t "$root" "$own/lib/router.php" &
  server=$!
  wait "$server" || code=$?
  kill -KILL -- "-$server" 2>/dev/null || true
  exit "$code"
}
