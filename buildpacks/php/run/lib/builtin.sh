# PHP's built-in server, where there is no other: for trying things out.

serve_builtin() {
  local program
  program=$(type -P "$own/bin/php" || type -P php) || stop 'There is no PHP here.'
  echo "There is no nginx or no PHP-FPM here: PHP's built-in server answers, which is not meant for the public." >&2
  export PHP_CLI_SERVER_WORKERS=${PHP_CLI_SERVER_WORKERS:-$(children)} PHP_WEB_ROOT=$root
  cd "$root"
  exec "$program" ${ini:+-c "$ini"} -S "0.0.0.0:$port" -t "$root" "$own/lib/router.php"
}
