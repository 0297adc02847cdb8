/** A throw-away world for the process runtime: a state directory, slugs, and a look at what really runs in it. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach } from 'vitest'
import { type Instance, type InstanceSpec, instanceName } from '../../src/domain.ts'
import type { Runtime } from '../../src/ports.ts'
import { createProcessRuntime, type ProcessRuntimeOptions } from '../../src/runtime/process/runtime.ts'

export const DEFAULT_PORTS = { from: 21_000, to: 21_199 }

export interface World {
  state: string
  runtime(options?: Partial<ProcessRuntimeOptions>): Runtime
  /** A slug with these files; gives its directory. */
  slug(files?: Record<string, string>): string
  /** Ids of the living processes that carry this world's state directory in their environment. */
  processes(): number[]
  dir(spec: InstanceSpec): string
}

const worlds: Array<{ root: string; runtimes: Runtime[] }> = []

afterEach(async () => {
  for (const { root, runtimes } of worlds.splice(0)) {
    for (const runtime of runtimes) await runtime.close()
    for (let left = carrying(root); left.length > 0; left = carrying(root)) {
      for (const pid of left) kill(pid)
      await pause()
    }
    rmSync(root, { recursive: true, force: true, maxRetries: 5 })
  }
})

export function createWorld(): World {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'trimtab-runtime-')))
  const state = join(root, 'state')
  const runtimes: Runtime[] = []
  worlds.push({ root, runtimes })
  let slugs = 0
  return {
    state,
    runtime(options = {}) {
      const runtime = createProcessRuntime({ state, ports: DEFAULT_PORTS, ...options })
      runtimes.push(runtime)
      return runtime
    },
    slug(files = {}) {
      const dir = join(root, `slug-${++slugs}`)
      mkdirSync(dir)
      for (const [name, text] of Object.entries(files)) {
        mkdirSync(join(dir, name, '..'), { recursive: true })
        writeFileSync(join(dir, name), text)
      }
      return dir
    },
    processes: () => carrying(root),
    dir: (spec) => join(state, 'instances', spec.app, instanceName(spec)),
  }
}

export function specOf(slug: string, command: string, more: Partial<InstanceSpec> = {}): InstanceSpec {
  return {
    app: 'shop',
    process: 'web',
    release: 1,
    index: 1,
    commit: 'c'.repeat(40),
    fingerprint: 'f1',
    image: { key: 'k1', ref: slug, processTypes: {}, configVars: {} },
    command,
    env: {},
    stop: { signal: 'SIGTERM', timeoutMs: 10_000 },
    health: { intervalMs: 1000, timeoutMs: 1000, graceMs: 1000 },
    oneOff: false,
    ...more,
  }
}

export const pause = (ms = 5): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** Waits until it gives something, and gives that. */
export async function until<T>(
  get: () => T | Promise<T>,
  what = 'a condition',
  ms = 15_000,
): Promise<Exclude<T, false | null | undefined>> {
  const end = performance.now() + ms
  for (;;) {
    const found = await get()
    if (found !== false && found !== null && found !== undefined) return found as Exclude<T, false | null | undefined>
    if (performance.now() > end) throw new Error(`waited ${ms} ms in vain for ${what}`)
    await pause()
  }
}

export async function one(runtime: Runtime, spec: InstanceSpec): Promise<Instance | undefined> {
  return (await runtime.list(spec.app)).find((instance) => instance.name === instanceName(spec))
}

export function exited(runtime: Runtime, spec: InstanceSpec): Promise<NonNullable<Instance['exit']>> {
  return until(async () => (await one(runtime, spec))?.exit, `${instanceName(spec)} to exit`)
}

export function printed(runtime: Runtime, spec: InstanceSpec, text: string): Promise<string[]> {
  const name = instanceName(spec)
  return until(async () => {
    const lines = await runtime.tail(spec.app, name, 10_000)
    return lines.some((line) => line.includes(text)) && lines
  }, `${name} to print ${text}`)
}

export function isRunning(pid: number): boolean {
  try {
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return false
  }
}

function carrying(root: string): number[] {
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => pid > 1 && pid !== process.pid)
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/environ`, 'utf8').includes(`${root}/`) && isRunning(pid)
      } catch {
        return false
      }
    })
}

export function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // gone already
  }
}
