/** Apps as local processes. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { processesOf } from '../processes.ts'
import type { KindRuntime, Running } from './kind.ts'

const spec = z.object({ process: z.string(), release: z.number(), index: z.number(), oneOff: z.boolean() })

export const processes: KindRuntime = {
  name: 'process',
  isOnHost: true,
  missing: async () => null,
  keys: async () => ({ runtime: { kind: 'process', ports: range(100) } }),
  tight: async (_state, instances) => ({ runtime: { kind: 'process', ports: range(instances) } }),
  running: (state, app) => alive(state, app).flatMap(({ oneOff, ...one }) => (oneOff ? [] : [one])),
  oneOffs: (state, app) => alive(state, app).filter(({ oneOff }) => oneOff).length,
  freeze: (_state, { id }) => void process.kill(-Number(id), 'SIGSTOP'),
  kill: (_state, { id }) => void process.kill(-Number(id), 'SIGKILL'),
  strangers: (dir, _state, known) => strangeProcesses(dir, known),
  leftOvers: (dir) => processesOf(dir).map(({ pid, command }) => `${pid}: ${command}`),
  strike() {},
}

/** Somewhere in 12000–31999, below what the system gives to clients: files run at the same time, and each wants its own. */
function range(size: number): string {
  const from = 12_000 + 100 * Math.floor(Math.random() * 200)
  return `${from}-${from + size - 1}`
}

function alive(state: string, app: string): Array<Running & { oneOff: boolean }> {
  const dir = join(state, 'instances', app)
  return names(dir).flatMap((name) => {
    const pid = leader(join(dir, name))
    const written = read(join(dir, name, 'spec.json'))
    if (pid === null || written === '' || !isAlive(pid)) return []
    return [{ name, ...spec.parse(JSON.parse(written)), id: String(pid) }]
  })
}

function names(dir: string): string[] {
  try {
    return readdirSync(dir).sort()
  } catch {
    return []
  }
}

/** The first word of `claim`, written by the instance's own leader; null while there is none, or when it has ended. */
function leader(dir: string): number | null {
  const pid = /^(\d+) /.exec(read(join(dir, 'claim')))?.[1]
  return pid === undefined || read(join(dir, 'ended')) !== '' || read(join(dir, 'exit')) !== '' ? null : Number(pid)
}

/** Also true of one that stands still; not of one that has ended and waits for its parent. */
export function isAlive(pid: number): boolean {
  return /^State:\s+[^ZX]/m.test(read(`/proc/${pid}/status`))
}

/** '' for what is not there, or gone since it was listed. */
export function read(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}

/** Processes of this directory that belong to no instance and are none of these, nor children of them. */
export function strangeProcesses(dir: string, known: number[]): string[] {
  return processesOf(dir)
    .filter(({ instance, pid, parent }) => !instance && !known.includes(pid) && !known.includes(parent))
    .map(({ pid, command }) => `${pid}: ${command}`)
}
