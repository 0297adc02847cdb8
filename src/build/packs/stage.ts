/** How the programs of packs that are not trimtab's own are run: as values, for wherever the build's steps are. */
import type { Step } from '../step.ts'

/** What a program finds before it begins. */
export interface Scene {
  /** Variables besides those that every step of the build has, which win. */
  variables: Record<string, string>
  /** `export` files of the packs before it. */
  exports: string[]
  /** Cloud Foundry's DEPS_DIR, and how many packs have a place in it: what they supply is on the paths. Absent: none does. */
  deps?: { dir: string; count: number }
  /** ENV_DIR, for a program of Cloud Foundry's kind, which looks for what is in there among its variables. */
  env?: string
  /** Folders that it counts on. */
  folders?: string[]
}

/**
 * Arguments, each group ended by `--`: NAME=value …; export files …; DEPS_DIR and its count, or nothing; ENV_DIR, or nothing;
 * folders …; and then the program. What earlier packs supply goes on the paths as libbuildpack's SetStagingEnvironment does it.
 */
const SCENE = `
use() { [ ! -f "$1" ] || . "$1"; }
load() { local _value; IFS= read -r -d "" _value < "$2"; export "$1=$_value"; }
onto() { if [ -d "$2" ]; then export "$1=$2\${!1:+:\${!1}}"; fi; }
while [ "$1" != -- ]; do [[ -v \${1%%=*} ]] || export "$1"; shift; done; shift
while [ "$1" != -- ]; do use "$1"; shift; done; shift
if [ "$1" != -- ]; then
  for ((at = 0; at < $2; at++)); do
    onto PATH "$1/$at/bin"; onto LD_LIBRARY_PATH "$1/$at/lib"; onto LIBRARY_PATH "$1/$at/lib"
    onto CPATH "$1/$at/include"; onto PKG_CONFIG_PATH "$1/$at/pkgconfig"
    for file in "$1/$at/env"/*; do [ ! -f "$file" ] || load "\${file##*/}" "$file"; done
  done
  shift 2
fi; shift
if [ "$1" != -- ]; then
  for file in "$1"/*; do [ ! -f "$file" ] || load "\${file##*/}" "$file"; done
  shift
fi; shift
while [ "$1" != -- ]; do mkdir -p "$1" || exit; shift; done; shift
`

/**
 * The program's output goes into a true pipe. Node gives a child sockets, and on a socket `echo … > /dev/stderr` and
 * `tee /dev/stderr`, which buildpacks are fond of, fail. `cat` outlasts the group's SIGTERM, to carry the last words.
 */
const MERGED = 'exec > >(trap "" TERM; exec cat) 2>&1; exec "$@"'
const APART = 'exec > >(trap "" TERM; exec cat) 2> >(trap "" TERM; exec cat >&2); exec "$@"'

/** One pipe for both streams, so that their lines keep their order; `apart`: what it prints is an answer, and its complaints are not. */
export function staged(
  program: string,
  args: string[],
  { variables, exports, deps, env, folders = [] }: Scene,
  { apart = false } = {},
): Pick<Step, 'program' | 'args'> {
  const groups = [
    Object.entries(variables).map(([name, value]) => `${name}=${value}`),
    exports,
    deps ? [deps.dir, String(deps.count)] : [],
    env === undefined ? [] : [env],
    folders,
  ]
  const before = groups.flatMap((group) => [...group, '--'])
  return { program: 'bash', args: ['-c', `${SCENE}${apart ? APART : MERGED}`, 'build', ...before, program, ...args] }
}
