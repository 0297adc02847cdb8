/**
 * Removes an engine with all that it has, found by the ids in its folder alone: whether it runs, has been killed, or died with
 * the run that started it. Not a promise, so that it can be the last thing a process does.
 */
import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, rmdirSync, rmSync } from 'node:fs'
import { basename, join } from 'node:path'
import { identity, release } from './claim.ts'
import { bridgeOf, chainOf, slotOf } from './dockerd-slot.ts'

/** The folder is the caller's (see claim). Safe to be called again where it has failed. */
export function removeEngine(dir: string): void {
  const ids = [...list(join(dir, 'data/containers')), ...list(join(dir, 'data/buildkit/executor'))]
  const shims = shimSockets(dir)
  killAll(dir, ids)
  unmount(dir)
  const slot = Number(basename(dir))
  const bridges = [...bridgesOf(slot), bridgeOf(slot).name]
  for (const bridge of bridges) quietly('ip', ['link', 'delete', bridge])
  removeRules(slot, bridges)
  for (const socket of shims) rmSync(socket, { force: true })
  for (const id of ids) removeControlGroups(id)
  for (const name of list(dir)) if (!name.startsWith('owner-')) execFileSync('rm', ['-rf', '--one-file-system', join(dir, name)])
  release(dir)
}

/** The engine first, or it would start its containers again; then all that names its folder or is in one of its containers. */
function killAll(dir: string, ids: string[]): void {
  const end = Date.now() + 20_000
  for (;;) {
    const engine = processes((one) => one.command.startsWith('dockerd') && one.command.includes(`${dir}/data`))
    const left = engine.length > 0 ? engine : processes((one) => belongs(one, dir, ids))
    if (left.length === 0) return
    if (Date.now() > end) throw new Error(`These processes of ${dir} do not end: ${left.join(', ')}`)
    for (const pid of left) {
      try {
        process.kill(pid, 'SIGKILL')
      } catch {
        // It has ended.
      }
    }
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10)
  }
}

interface Seen {
  command: string
  groups: string
}

function belongs({ command, groups }: Seen, dir: string, ids: string[]): boolean {
  const named = /^(containerd|docker|runc|unpigz)/.test(basename(command.split(' ')[0] ?? '')) && command.includes(`${dir}/`)
  return named || ids.some((id) => groups.includes(id))
}

function processes(wanted: (one: Seen) => boolean): number[] {
  return list('/proc').flatMap((name) => {
    if (!/^\d+$/.test(name)) return []
    try {
      const command = readFileSync(`/proc/${name}/cmdline`, 'utf8').replaceAll('\0', ' ').trim()
      const isWanted = wanted({ command, groups: readFileSync(`/proc/${name}/cgroup`, 'utf8') })
      // One that is ending has no command any more, but its control group as long as it holds anything.
      return isWanted && identity(Number(name)) !== null ? [Number(name)] : []
    } catch {
      return [] // ended
    }
  })
}

/** containerd keeps them outside of the folders that it is given. */
function shimSockets(dir: string): string[] {
  const tasks = join(dir, 'exec/containerd/daemon/io.containerd.runtime.v2.task/moby')
  return list(tasks).flatMap((id) => {
    const file = join(tasks, id, 'address')
    return existsSync(file)
      ? [
          readFileSync(file, 'utf8')
            .trim()
            .replace(/^unix:\/\//, ''),
        ]
      : []
  })
}

function unmount(dir: string): void {
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8').split('\n')
  const points = mounts.map((line) => line.split(' ')[4] ?? '').filter((point) => point.startsWith(`${dir}/`))
  for (const point of points.reverse()) execFileSync('umount', ['--lazy', point])
}

/** By the slot's addresses: a test may have taken the engine's disk from it, with all that it knew of its networks. */
function bridgesOf(slot: number): string[] {
  const lines = quietly('ip', ['-oneline', '-4', 'address']).split('\n')
  return lines.flatMap((line) => {
    const [, name = '', , address = ''] = line.trim().split(/\s+/)
    return name.startsWith('br-') && slotOf(address) === slot ? [name] : []
  })
}

function removeRules(slot: number, bridges: string[]): void {
  const chain = chainOf(slot)
  const isOurs = (word: string) =>
    word === chain || word.startsWith(`${chain}-`) || bridges.includes(word) || slotOf(word) === slot
  for (const table of ['nat', 'filter']) {
    const rules = quietly('iptables', ['-w', '-t', table, '-S']).split('\n')
    const ours = rules.filter((rule) => rule.split(' ').some(isOurs))
    for (const rule of ours)
      if (rule.startsWith('-A ')) quietly('iptables', ['-w', '-t', table, '-D', ...rule.slice(3).split(' ')])
    for (const rule of ours) if (rule.startsWith('-N ')) quietly('iptables', ['-w', '-t', table, '-X', rule.slice(3)])
  }
}

function removeControlGroups(id: string): void {
  const hierarchies = existsSync('/sys/fs/cgroup/cgroup.procs') ? [''] : list('/sys/fs/cgroup')
  for (const hierarchy of hierarchies) {
    for (const parent of ['docker', 'docker/buildkit']) removeGroup(join('/sys/fs/cgroup', hierarchy, parent, id))
  }
}

function removeGroup(path: string): void {
  for (const child of directories(path)) removeGroup(join(path, child))
  try {
    rmdirSync(path)
  } catch {
    // There is none, as is right after a proper end.
  }
}

function directories(path: string): string[] {
  return existsSync(path)
    ? readdirSync(path, { withFileTypes: true }).flatMap((one) => (one.isDirectory() ? [one.name] : []))
    : []
}

function list(dir: string): string[] {
  return existsSync(dir) ? readdirSync(dir) : []
}

function quietly(program: string, args: string[]): string {
  try {
    return execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
  } catch {
    return ''
  }
}
