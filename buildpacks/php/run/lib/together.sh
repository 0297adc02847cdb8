# Two servers as one process: they start together, end together, and stop gracefully.

# A folder for configuration, sockets and uploads, gone with the process.
begin() {
  work=$(mktemp -d "${TMPDIR:-/tmp}/php-web.XXXXXX")
  trap 'rm -rf "$work"' EXIT
}

# run_together SIGNAL PROGRAM…: FPM and this web server, which ends gracefully at SIGNAL.
run_together() {
  local graceful=$1 web='' fpm_pid='' code=0
  shift
  stopping=''
  trap 'stopping=yes; [[ -z $web ]] || kill -s "$graceful" "$web" 2>/dev/null' TERM INT
  # Groups of their own: the stop signal goes to the whole group of this process, and to both it would mean "at once".
  set -m
  # FPM opens its /dev/stderr anew, which a socket cannot be; and it speaks until it ends, after the stop signal of the group.
  if [[ -S /dev/stderr ]]; then "${fpm[@]}" 2> >(trap '' TERM INT; exec cat >&2) &
  else "${fpm[@]}" &
  fi
  fpm_pid=$!
  until [[ -S $socket ]] || ! kill -0 "$fpm_pid" 2>/dev/null; do sleep 0.02; done
  "$@" &
  web=$!
  [[ -z $stopping ]] || kill -s "$graceful" "$web" 2>/dev/null
  # A signal that was trapped ends a wait, and not what is waited for.
  wait -n "$fpm_pid" "$web" 2>/dev/null || code=$?
  if [[ -n $stopping ]]; then
    while kill -0 "$web" 2>/dev/null; do wait "$web" || true; done
    code=0
  else
    echo "${0##*/}: $(kill -0 "$web" 2>/dev/null && echo PHP-FPM || echo the web server) has ended" >&2
    kill -s "$graceful" "$web" 2>/dev/null || true
    ((code != 0)) || code=1
  fi
  kill -QUIT "$fpm_pid" 2>/dev/null || true
  while kill -0 "$fpm_pid" 2>/dev/null; do wait "$fpm_pid" || true; done
  exit "$code"
}
