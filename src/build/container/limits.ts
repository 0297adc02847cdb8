/**
 * What a build may use, and how it is told which of it was not enough. Memory, processors and processes are the engine's to limit. Disk
 * space is not, with the storage drivers that engines have (overlay2 limits it on XFS with project quotas alone): the driver measures it.
 */
import type { BuildsSpec } from '../../domain.ts'

const MB = 1024 * 1024

/** Many tools in a build start a process for every core, and those some more. */
export const PIDS = 4096

/** Room for a large app with all its packages, twice, and what their installers keep. */
export const DISK_BYTES = 10 * 1024 * MB

/** With less than this left on the engine's disk a build is ended: what runs needs room for its logs. */
const RESERVE_BYTES = 128 * MB

/** A build that comes up against its limit of processes for so many seconds on end does nothing else any more. */
const CROWDED_S = 10

/** The driver's part of it: `cache` and `others` are all that a build may write to. Where there may be no room for a process, it starts none. */
export function watching(cache: string, others: string[]): string {
  const folders = [...others, cache]
  return `
pids=/sys/fs/cgroup
[[ ! -e $pids/pids/pids.max ]] || pids+=/pids
most=0 largest=unlimited broken=

# Kilobytes that a build may take. No file may be larger than that or than there is room for: a single one fills a disk in a second.
limit() {
  local blocks size free
  most=$1
  read -r blocks size < <(stat -f -c '%a %S' /tmp)
  free=$((blocks * size / 1024 - ${RESERVE_BYTES / 1024}))
  largest=$((free < most ? free : most))
  ((largest > 1024)) || largest=1024
}

# How often the kernel has refused another process (version 1 and 2 of cgroups).
refusals() {
  local word
  refused=0
  { read -r word refused < $pids/pids.events; } 2> /dev/null
}

crowded() {
  local now=0 max=max
  { read -r now < $pids/pids.current && read -r max < $pids/pids.max; } 2> /dev/null
  [[ $max != max ]] && ((now > max - 16))
}

# Measures, beside the step, and says so through the pipe: kilobytes taken, kilobytes left, and how many seconds that took, times twenty.
look() {
  local total rest blocks size now began=\${EPOCHREALTIME:-0}
  read -r total rest < <(du -skxc ${folders.join(' ')} | tail -n 1)
  read -r blocks size < <(stat -f -c '%a %S' /tmp)
  now=\${EPOCHREALTIME:-0}
  echo "taken $total $((blocks * size / 1024)) $(((\${now/[.,]/} - \${began/[.,]/}) / 50000))" >&4
}

# Waits for the step of this number; its status, or that it was ended, which is in broken.
await() {
  local word first second third pause=0 jam=0 before
  refusals
  before=$refused
  while :; do
    if read -r -t 1 -u 4 word first second third; then
      if [[ $word == ended && $first == "$1" ]]; then return "$second"; fi
      [[ $word == taken ]] || continue
      pause=$third
      if ((most > 0 && first > most)); then broken=disk; fi
      if ((second < ${RESERVE_BYTES / 1024 / 2})); then broken=full; fi
    else
      # Every second; less often where it takes long.
      if ((pause-- <= 0)) && ! crowded; then
        pause=60
        look &
      fi
      refusals
      jam=$((refused > before ? jam + 1 : 0)) before=$refused
      ((jam < ${CROWDED_S})) || broken=pids
    fi
    [[ ! $broken ]] || break
  done
  kill -KILL -1
  return 137
}

# Which limits the build has come up against, as far as that can be told when it has failed.
short() {
  local total rest blocks size
  # As cgroups tell it, version 1 and 2.
  grep -qs 'oom_kill [1-9]' /sys/fs/cgroup/memory/memory.oom_control /sys/fs/cgroup/memory.events && echo memory
  refusals
  ((refused == 0)) || echo pids
  [[ ! $broken ]] || echo "$broken"
  read -r total rest < <(du -skxc ${folders.join(' ')} | tail -n 1)
  # A file that has met its limit is a little smaller.
  ((most == 0 || \${total:-0} < most - most / 64)) || echo disk
  read -r blocks size < <(stat -f -c '%a %S' /tmp) && ((blocks * size / 1024 < ${(RESERVE_BYTES + 8 * MB) / 1024})) && echo full
  return 0
}

discard() { "\${drop[@]}" find ${cache} -mindepth 1 -delete; }
`
}

type Short = 'memory' | 'pids' | 'disk' | 'full'

/** What `short` says. */
export function shortOf(said: string): Set<Short> {
  const words: Short[] = ['memory', 'pids', 'disk', 'full']
  const found = new Set(said.trim().split('\n'))
  // Who has all that it may have is told so, and not that the disk is full.
  return new Set(words.filter((word) => found.has(word) && !(word === 'full' && found.has('disk'))))
}

/** What to say of it, in lines of the build's log. */
export function tellShort(short: Set<Short>, { memoryBytes, pids = PIDS, diskBytes = DISK_BYTES }: Limits): string[] {
  const lines: string[] = []
  const ran = (out: string, key: string, allows: string) =>
    lines.push(` !     The build ran out of ${out}: builds.${key} in platform.yaml allows it ${allows}.`)
  if (short.has('memory') && memoryBytes !== undefined) ran('memory', 'memory', megabytes(memoryBytes))
  if (short.has('memory') && memoryBytes === undefined)
    lines.push(' !     The machine ran out of memory, and the build was ended.')
  if (short.has('pids')) ran('processes', 'pids', String(pids))
  if (short.has('disk')) {
    lines.push('       Its cache is emptied: the next build begins without one.')
    ran('disk space', 'disk', `${megabytes(diskBytes)} for the app, scratch folders and cache`)
  }
  return lines
}

type Limits = Pick<BuildsSpec, 'memoryBytes' | 'diskBytes' | 'pids'>

function megabytes(bytes: number): string {
  return `${Math.round(bytes / MB)} MB`
}
