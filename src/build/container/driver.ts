/**
 * The program that runs a build from inside of its container: root there, with the few capabilities it needs, while every step is
 * the app's user with none. It is fed over the attached standard input, first itself, then requests: a nonce, a verb, the number of
 * arguments, the arguments, each ended by NUL. So nothing of a build is in the container's command line, its environment or its
 * history. When a request is done, and after a step nothing of the app's user is left, it says `NUL nonce status NUL` at the end of
 * both of its outputs. A step knows no nonce: it can read neither the requests nor anything of a process of root's.
 */

import { watching } from './limits.ts'

/** The app's user and group, in builds and when it runs. Numbers: not every stack has a name for them. */
export const APP_USER = 1000

/** Programs that the driver calls, and the Debian packages that have them. */
export const TOOLS: Record<string, string> = { setpriv: 'util-linux', tar: 'tar', find: 'findutils', head: 'coreutils' }

/** Where things are inside of a build's container. All but `app` are volumes, and go with the container. */
export const INSIDE = {
  app: '/app',
  tmp: '/tmp',
  home: '/tmp/home',
  packs: '/tmp/packs',
  env: '/tmp/env',
  cache: '/tmp/cache',
  ca: '/tmp/ca.pem',
} as const

const RULED_OUT = ['/app', '/tmp', '/var/tmp', '/proc', '/sys', '/dev'].map((path) => `-path ${path}`).join(' -o ')

export const DRIVER = `
umask 022
export -n $(compgen -e)
exec 3>&2 2>/dev/null
began=\${EPOCHREALTIME:-$(date +%s.%N)}
environment=() steps=0
# A pipe to itself: what is waited for comes out of it, or for a while nothing does.
exec 4<> <(:)
drop=("$(type -P setpriv)" --reuid=${APP_USER} --regid=${APP_USER} --clear-groups --inh-caps=-all --ambient-caps=-all
  --bounding-set=-all --no-new-privs --)
folders=(${INSIDE.app} ${INSIDE.home} ${INSIDE.packs} ${INSIDE.env})
mkdir -p "\${folders[@]}"
chown ${APP_USER}:${APP_USER} "\${folders[@]}" ${INSIDE.cache}

# What the stack would have to have and has not.
missing() {
  local tool
  for tool; do type -P "$tool" > /dev/null || echo "$tool"; done
}

environment() { environment=("$@"); }

# Chunks of an archive, each after its length; unpacked by the app's user, so that it is powerless whatever is in it.
unpack() {
  local length
  while IFS= read -r -d '' length && [[ $length != 0 ]]; do head -c "$length"; done |
    "\${drop[@]}" tar -x -p -f - -C / 2>&3 3>&-
}

step() {
  local n=$((++steps))
  broken=
  {
    (
      for pair in "\${environment[@]}"; do export "$pair"; done
      # Short of memory, the kernel takes a step before the driver (proc(5), oom_score_adj).
      echo 500 > /proc/self/oom_score_adj
      ulimit -f "$largest"
      cd ${INSIDE.app} || exit
      unset OLDPWD
      exec "\${drop[@]}" "$@" 2>&3 3>&- 4>&-
    ) < /dev/null
    echo "ended $n $?" >&4
  } &
  await "$n"
}
${watching(INSIDE.cache, [INSIDE.app, INSIDE.tmp])}
# What the app's user may write to outside of the app and of volumes; and which of it has changed since the container began.
writable() {
  find / -xdev \\( ${RULED_OUT} \\) -prune -o \\
    ! -type l \\( -perm -0002 -o -uid ${APP_USER} -o -gid ${APP_USER} -perm -0020 \\) -print0
}
strays() { [[ $# == 0 ]] || find "$@" -xdev -newerct "@$began" -print0; }

# trimtab's own files in the image, in place of whatever is there: pairs of names and contents, after the time of all files.
seal() {
  local time=$1 own=${INSIDE.app}/.trimtab
  [[ -d $own && ! -L $own ]] || rm -rf "$own"
  rm -rf "$own"/{launch,processes,config}
  mkdir -p "$own"/{processes,config} && chown 0:0 "$own" && chmod 755 "$own" || return
  shift
  while (($# > 0)); do
    printf %s "$2" > "$own/$1" || return
    shift 2
  done
  settle "$time" "$own"
}

# One time for all that is in the image, and no file that runs as another than who starts it: the same inputs make the same layer.
# Only the owner of a file may set its times.
settle() {
  "\${drop[@]}" find ${INSIDE.app} -xdev -user ${APP_USER} \\
    \\( -type f -perm /6000 -exec chmod ug-s -- {} + , -exec touch -h -d "@$1" -- {} + \\)
  touch -h -d "@$1" -- "$2"/{launch,processes,config}{,/*} "$2" /
  return 0
}

alone() {
  local process
  for process in /proc/[0-9]*; do [[ $process == /proc/1 ]] || return 1; done
}

# Ends what a step has left running, wherever it has moved to: in here there is only the driver and the app's user. What carries a
# step's last words ends by itself a moment later. It waits without a process: there may be no room for one.
sweep() {
  local rounds
  for ((rounds = 0; rounds < 25; rounds++)); do
    alone && return
    read -r -t 0.01 -u 4
  done
  for ((rounds = 0; ; rounds++)); do
    kill -KILL -1
    alone && return
    ((rounds < 50)) || read -r -t 0.01 -u 4
  done
}

serve() {
  local nonce verb count field fields status
  while IFS= read -r -d '' nonce && IFS= read -r -d '' verb && IFS= read -r -d '' count; do
    fields=()
    while ((count-- > 0)); do
      IFS= read -r -d '' field || exit 1
      fields+=("$field")
    done
    "$verb" "\${fields[@]}"
    status=$?
    sweep
    printf '\\0%s %s\\0' "$nonce" "$status"
    printf '\\0%s %s\\0' "$nonce" "$status" >&3
  done
  exit
}
serve
`
