/**
 * The runtimes and routers that the end-to-end tests run over: each test file is one `overKinds(…)`. Whatever a test must know
 * of a kind (how its instances are found, frozen, killed) is in here; the tests themselves speak of apps and commits.
 */
import { describe } from 'vitest'
import { containers } from './kinds/containers.ts'
import { embedded } from './kinds/embedded.ts'
import type { Kind, KindRouter, KindRuntime } from './kinds/kind.ts'
import { processes } from './kinds/processes.ts'
import { traefik } from './kinds/traefik.ts'
import { isRequired, type Part } from './need.ts'

export type { Kind, Running } from './kinds/kind.ts'

/** A runtime and a router as one kind. */
export function combined(runtime: KindRuntime, router: KindRouter, needs: Part[]): Kind {
  return {
    name: `${runtime.name}+${router.name}`,
    needs,
    isOnHost: runtime.isOnHost,
    missing: async () => (await runtime.missing()) ?? (await router.missing()),
    keys: async (state, port) => ({ ...(await runtime.keys(state)), router: await router.keys(port) }),
    tight: async (state, port, instances) => ({ ...(await runtime.tight(state, instances)), router: await router.keys(port) }),
    running: runtime.running,
    oneOffs: runtime.oneOffs,
    freeze: runtime.freeze,
    kill: runtime.kill,
    strangers: runtime.strangers,
    router: router.pid,
    killRouter: router.kill,
    leftOvers: (dir) => [...runtime.leftOvers(dir), ...router.leftOvers(dir)],
    strike: runtime.strike,
  }
}

const all: Kind[] = [
  combined(processes, embedded, []),
  combined(containers, embedded, ['docker']),
  combined(containers, traefik, ['docker', 'traefik']),
]

/** What is missing on this machine, by kind; asked once for each test file. */
const there = await Promise.all(all.map(async (kind) => ({ kind, missing: await kind.missing() })))

/** KINDS=docker+traefik,… runs only those, SUITE=… only those of what runs over every kind. */
const list = (names: string | undefined) => names?.split(',')

/** Whether what runs over every kind is to run over this one. */
export function isAsked(name: string): boolean {
  return list(process.env.KINDS ?? process.env.SUITE)?.includes(name) ?? true
}

/** The same tests over every kind that this machine has the parts for; a named skip (or, where the part is required, a failure) for the others. */
export function overKinds(tests: (kind: Kind) => void): void {
  over(list(process.env.KINDS ?? process.env.SUITE), tests)
}

/** The same for what no router makes a difference to: over each runtime once. */
export function overRuntimes(tests: (kind: Kind) => void, runtimes = ['process', 'docker']): void {
  const names = runtimes.map((runtime) => `${runtime}+embedded`)
  over(list(process.env.KINDS)?.filter((name) => names.includes(name)) ?? names, tests)
}

function over(asked: string[] | undefined, tests: (kind: Kind) => void): void {
  for (const { kind, missing } of there) {
    if (asked && !asked.includes(kind.name)) continue
    if (missing !== null && kind.needs.every(isRequired)) throw new Error(`${kind.name} is required, and not here: ${missing}`)
    const name = missing === null ? kind.name : `${kind.name} (skipped: ${missing})`
    // A container takes ten times as long to start as a process.
    describe.skipIf(missing !== null)(name, { timeout: kind.isOnHost ? 30_000 : 120_000 }, () => tests(kind))
  }
}

export const firstKind = all[0] as Kind
