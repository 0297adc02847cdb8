/**
 * The entry point of an image: runs a process of the app by its type (web where nothing is said), a line (`-c LINE`), or any other
 * command, as a dyno would: in /app, with .profile.d sourced. Its environment's own words win over what the buildpacks suggest.
 */
export const LAUNCH = `#!/bin/bash
_own=/app/.trimtab _args=("$@")
unset _line
cd /app || exit 126

for _file in "$_own"/config/*; do
  _name=\${_file##*/}
  if [[ -f $_file && ! -v $_name ]]; then printf -v "$_name" %s "$(< "$_file")"; export "$_name"; fi
done
export PORT=\${PORT-5000} HOME=\${HOME-/app}

set -- # nothing of this is meant for them
for _file in /app/.profile.d/*.sh /app/.profile; do
  if [[ -f $_file && -r $_file ]]; then . "$_file"; fi
done

set -- "\${_args[@]:-web}"
if [[ $1 == -c && $# == 2 ]]; then
  _line=$2
elif [[ $# == 1 && $1 != */* && -f $_own/processes/$1 ]]; then
  _line=$(< "$_own/processes/$1")
elif [[ $# == 1 ]] && ! type -P -- "$1" > /dev/null; then
  _types=$(cd "$_own/processes" && echo *)
  echo "There is no process \\"$1\\" in this image, and no such command. Its processes: \${_types/#\\*/none}" >&2
  exit 127
fi
unset _own _args _file _name _types
[[ -v _line ]] || exec "$@"
# Below an init that passes signals on to all of us (trimtab runs its instances so): the shell of a line such as \`a | b\` ends with
# the signal, and the container would with it. What it leads has the time to stop that it was given.
if [[ $PPID == 1 && -v TINI_KILL_PROCESS_GROUP ]]; then
  trap _stopping=1 HUP INT QUIT TERM USR1 USR2 WINCH
  /bin/bash -c "$_line"
  _code=$?
  _alone() { for _file in /proc/[0-9]*; do [[ \${_file#/proc/} == 1 || \${_file#/proc/} == "$$" ]] || return 1; done; }
  while [[ -v _stopping ]] && ! _alone; do sleep 0.05; done
  exit "$_code"
fi
exec /bin/bash -c "$_line"
`
