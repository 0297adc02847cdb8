/**
 * The runtimes and routers that the end-to-end tests run over: each test file is one `describe.each(kinds)`. Whatever a test
 * must know of a kind (how its instances are found, frozen, killed) is in here; the tests themselves speak of apps and commits.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { processesOf } from './processes.ts'

/** What runs, as it is seen from outside of trimtab. */
export interface Running {
  name: string
  process: string
  release: number
  index: number
  /** Another one for every start: a process id, a container id. */
  id: string
}

export interface Kind {
  name: string
  /** Keys of platform.yaml. */
  keys(routerPort: number): Record<string, unknown>
  /** The same, with room for so many instances and no more. */
  tight(routerPort: number, instances: number): Record<string, unknown>
  /** Instances of an app that run now, sorted by name; without one-offs. */
  running(state: string, app: string): Running[]
  /** How many release phases and other one-offs of an app run now. */
  oneOffs(state: string, app: string): number
  /** The instance's processes stand still until thawed, or killed. */
  freeze(state: string, instance: Running): void
  kill(state: string, instance: Running): void
  /** The router's id: another one for every start. */
  router(state: string): string | null
  killRouter(state: string): void
  /** What still runs of a platform in this directory, in words; nothing should. */
  leftOvers(dir: string): string[]
}

const spec = z.object({
  process: z.string(),
  release: z.number(),
  index: z.number(),
  oneOff: z.boolean(),
})

const processes: Kind = {
  name: 'process+embedded',
  keys: (port) => ({
    runtime: { kind: 'process', ports: range(100) },
    router: { kind: 'embedded', listen: `127.0.0.1:${port}` },
  }),
  tight: (port, instances) => ({
    runtime: { kind: 'process', ports: range(instances) },
    router: { kind: 'embedded', listen: `127.0.0.1:${port}` },
  }),
  running: (state, app) => alive(state, app).flatMap(({ oneOff, ...one }) => (oneOff ? [] : [one])),
  oneOffs: (state, app) => alive(state, app).filter(({ oneOff }) => oneOff).length,
  freeze: (_state, { id }) => void process.kill(-Number(id), 'SIGSTOP'),
  kill: (_state, { id }) => void process.kill(-Number(id), 'SIGKILL'),
  router(state) {
    const pid = routerPid(state)
    return pid !== null && isAlive(pid) ? String(pid) : null
  },
  killRouter(state) {
    const pid = routerPid(state)
    if (pid !== null) process.kill(pid, 'SIGKILL')
  },
  leftOvers: (dir) => processesOf(dir).map(({ pid, command }) => `${pid}: ${command}`),
}

export const kinds: Kind[] = [processes]

/** Somewhere in 12000–31999, below what the system gives to clients: files run at the same time, and each wants its own. */
function range(size: number): string {
  const from = 12_000 + 100 * Math.floor(Math.random() * 200)
  return `${from}-${from + size - 1}`
}

function alive(state: string, app: string): Array<Running & { oneOff: boolean }> {
  const dir = join(state, 'instances', app)
  return names(dir).flatMap((name) => {
    const pid = leader(join(dir, name))
    if (pid === null || !isAlive(pid)) return []
    return [{ name, ...spec.parse(JSON.parse(readFileSync(join(dir, name, 'spec.json'), 'utf8'))), id: String(pid) }]
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

function routerPid(state: string): number | null {
  const pid = /"pid":(\d+)/.exec(read(join(state, 'router', 'router.json')))?.[1]
  return pid === undefined ? null : Number(pid)
}

/** Also true of one that stands still; not of one that has ended and waits for its parent. */
function isAlive(pid: number): boolean {
  return /^State:\s+[^ZX]/m.test(read(`/proc/${pid}/status`))
}

/** '' for what is not there, or gone since it was listed. */
function read(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}
