/**
 * `spec.json`: what an instance is. Written before the launcher starts, never changed after; the values of its environment
 * are not in it. With it, everything that runs is recognised without any memory of the platform's.
 */
import { renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import type { InstanceSpec, Listen } from '../../domain.ts'
import { instanceName } from '../../domain.ts'
import type { Place } from './places.ts'

const ms = z.number().nonnegative()

const schema = z.object({
  app: z.string(),
  process: z.string(),
  release: z.int(),
  index: z.int(),
  commit: z.string(),
  fingerprint: z.string(),
  imageKey: z.string(),
  oneOff: z.boolean(),
  stop: z.object({ signal: z.string(), timeoutMs: ms }),
  health: z.object({ path: z.string().exactOptional(), intervalMs: ms, timeoutMs: ms, graceMs: ms }),
  address: z.object({ host: z.string(), port: z.int().min(1).max(65535) }).nullable(),
  startedAt: z.number(),
  boot: z.string(),
  /** Where in the log file its output begins. */
  logFrom: z.int().nonnegative(),
})

export type Recorded = z.infer<typeof schema>

export function recorded(
  spec: InstanceSpec,
  now: { address: Listen | null; startedAt: number; boot: string; logFrom: number },
): Recorded {
  const { app, process, release, index, commit, fingerprint, oneOff, stop, health } = spec
  return { app, process, release, index, commit, fingerprint, imageKey: spec.image.key, oneOff, stop, health, ...now }
}

/** The instance exists from the moment this returns. */
export function writeSpec(dir: string, spec: Recorded): void {
  const path = join(dir, 'spec.json')
  writeFileSync(`${path}.tmp`, JSON.stringify(spec), { mode: 0o600 })
  renameSync(`${path}.tmp`, path)
}

/** Null: this is not the spec of this instance (damaged, or of another name on a file system that ignores case). */
export function parseSpec(text: string, place: Place): Recorded | null {
  try {
    const { data } = schema.safeParse(JSON.parse(text))
    return data && data.app === place.app && instanceName(data) === place.name ? data : null
  } catch {
    return null
  }
}

/** What the name alone tells of an instance whose spec is damaged: enough to be seen as not wanted, stopped and removed. */
export function specFromName(place: Place, startedAt: number): Recorded {
  const [, type, release, index] = /^([^.]+)\.v(\d+)\.(\d+)$/.exec(place.name.slice(place.app.length + 1)) ?? []
  return {
    app: place.app,
    process: type ?? 'unknown',
    release: Number(release ?? 0),
    index: Number(index ?? 0),
    commit: '',
    fingerprint: '',
    imageKey: '',
    oneOff: false,
    stop: { signal: 'SIGTERM', timeoutMs: 10_000 },
    health: { intervalMs: 5_000, timeoutMs: 2_000, graceMs: 30_000 },
    address: null,
    startedAt,
    boot: '',
    logFrom: 0,
  }
}
