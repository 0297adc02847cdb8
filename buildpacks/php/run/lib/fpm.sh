# PHP-FPM, on a socket of its own.

# The FPM of the PHP that the build has chosen: Debian and its like name it by version.
find_fpm() { fpm_program=$(type -P "php-fpm$php") || fpm_program=$(type -P php-fpm); }

write_fpm() {
  socket=$work/fpm.sock
  local count level=warning
  [[ -z $verbose ]] || level=notice
  count=$(children)
  # What workers write to their stderr is passed on as it is, and so are errors, which would go to the web server otherwise.
  cat > "$work/fpm.conf" << CONF
[global]
error_log = /dev/stderr
log_level = $level
[www]
listen = $socket
listen.mode = 0600
pm = ondemand
pm.max_children = $count
pm.process_idle_timeout = 60s
catch_workers_output = yes
decorate_workers_output = no
clear_env = no
${fpm_include:+include = $fpm_include}
CONF
  fpm=("$fpm_program" --nodaemonize --force-stderr --fpm-config "$work/fpm.conf" -d fastcgi.logging=0 ${ini:+-c "$ini"})
  # The one user that there may be on a host.
  ((EUID != 0)) || fpm+=(--allow-to-run-as-root)
  echo "PHP $php: $count at a time, serving $root on port $port"
}
