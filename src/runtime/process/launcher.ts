/**
 * How an instance comes to life. The launcher is a small bash program: leader of the instance's session and group, and
 * parent of the app's own command. It is what lets instances outlive trimtab without a supervising daemon:
 *
 * 1. It claims the instance, or yields. `claim` is created with O_EXCL, so of a launcher that was started by a trimtab that
 *    was killed a moment later, and a new trimtab that finds no claim and revokes it, exactly one wins. Its working directory
 *    is the instance's (the inode, not the name) and its temporary directory has a name of its own: a launcher that comes
 *    late can neither claim a directory that was removed nor one that was made anew under the same name.
 * 2. It survives the group's stop signals (a trap that does something is reset in children, bash(1) SIGNALS), so that
 * 3. it can write how the command ended to `exit`, whether or not anybody is there to see it.
 * 4. What the command leaves behind in the group is killed, unless a stop is under way: then it has until that ends.
 *
 * The happy path starts no external command. Nothing from a repository is ever part of the text: all of it comes as arguments.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { delimiter, isAbsolute, join } from 'node:path'
import { TrimtabError } from '../../errors.ts'

const PROGRAM = `
unset TRIMTAB_LAUNCHER OLDPWD
trap : HUP INT QUIT USR1 USR2 PIPE ALRM TERM XCPU XFSZ VTALRM PROF ABRT
set +o posix
_bash=$1 _boot=$2 _tmp=$3 _home=$4 _command=$5
set --
# Whatever the platform was started with (a terminal's pipe, a lock) is not held open by an app for weeks.
for _fd in /dev/fd/*; do
  _fd=\${_fd##*/}
  case $_fd in [012] | *[!0-9]*) ;; *) eval "exec $_fd>&-" ;; esac
done
exec 3>&2 2>/dev/null

[[ -d $_tmp ]] || exit 0
if [[ -r /proc/$$/stat ]]; then
  read -r _stat < /proc/$$/stat
  set -f; _stat=(\${_stat##*) }); set +f
  _start=\${_stat[19]}
else
  _start=$(LC_ALL=C ps -o lstart= -p $$)
fi
[[ -n $_start ]] || { echo 'trimtab: could not read its own start time; not started' >&3; exit 1; }

set -C
printf '%s %s %s\\n' $$ "$_boot" "$_start" > claim || exit 1
set +C
[[ -d $_tmp && ! -e ended ]] || exit 0

(
  # A stop that came before this fork was written down first; one that comes later ends this subshell.
  [[ -e stopping ]] && exit 143
  # Short of memory, the kernel takes the app before the one that reports it (proc(5), oom_score_adj).
  printf 300 > /proc/self/oom_score_adj
  exec 2>&3 3>&-
  set +p
  cd -- "$_home" || exit 126
  unset OLDPWD _fd _stat _start _boot _tmp
  for _file in "$_home"/.profile.d/*.sh "$_home"/.profile; do
    if [[ -f $_file && -r $_file ]]; then . "$_file"; fi
  done
  exec "$_bash" -c "$_command"
)
_code=$?
printf '%s\\n' "$_code" > exit
[[ -e stopping ]] || kill -KILL 0
exit "$_code"
`

export interface Launch {
  /** Its own directory: claimed, and working directory of the launcher. */
  dir: string
  /** Temporary directory of this one attempt; must exist. */
  tmp: string
  /** Working directory and HOME of the command. */
  home: string
  command: string
  boot: string
  env: Record<string, string>
  stdio: ['ignore' | 'pipe', number | 'pipe', number | 'pipe']
  /** What `ps` shows. */
  title: string
}

/** bash, looked up once in the platform's own PATH: an app's may be anything. */
const bash = [...(process.env.PATH ?? '').split(delimiter), '/bin', '/usr/bin', '/usr/local/bin']
  .filter(isAbsolute)
  .map((dir) => join(dir, 'bash'))
  .find((path) => existsSync(path))

/** Starts the launcher. The child's pid is undefined where it could not be started; 'error' then says why. */
export function launch(what: Launch): ChildProcess {
  if (!bash) throw new TrimtabError('StartFailed', 'bash is not installed, and instances are started with it. Install bash.')
  const args = [bash, what.boot, what.tmp, what.home, what.command]
  // -p: nothing in the app's environment (BASH_ENV, SHELLOPTS, exported functions) changes what the launcher does.
  // The program itself comes by the environment, to keep `ps` readable; it is unset before anything else happens.
  return spawn(bash, ['-p', '-c', 'eval "$TRIMTAB_LAUNCHER"', what.title, ...args], {
    cwd: what.dir,
    env: { ...what.env, TRIMTAB_LAUNCHER: PROGRAM },
    stdio: what.stdio,
    detached: true,
  })
}
