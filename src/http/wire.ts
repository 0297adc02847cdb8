/**
 * What the API puts out. Times are ISO here, and a release is reduced to what design and documentation promise:
 * above all, the values of its environment stay inside.
 */
import type { AppStatus, Event, EventType, Materials, Release, ReleaseStatus } from '../domain.ts'
import type { LogLine, StoredArtifact, SyncUpdate } from '../ports.ts'

export const API = '/api/v1'
/** What a file is sent as. */
export const FILE = 'application/octet-stream'
/** What `run` upgrades its connection to. */
export const RUN_PROTOCOL = 'trimtab-run'

export interface EventView {
  id: number
  at: string
  app: string
  type: EventType
  commit: string | null
  release: number | null
  message: string
  durationMs: number | null
}

export interface ReleaseView {
  app: string
  version: number
  commit: string
  image: string
  built: boolean
  createdAt: string
  createdBy: string
  status: ReleaseStatus
  /** What went into the image; null where it does not say. */
  materials: Materials | null
}

export interface ArtifactView {
  sha256: string
  name: string
  size: number
  storedAt: string
}

export interface LogLineView {
  at: string | null
  instance: string
  line: string
}

export type SyncUpdateView =
  | { kind: 'log'; text: string }
  | { kind: 'event'; event: EventView }
  | { kind: 'result'; ok: boolean; app: string; status: AppStatus }

export function eventView(event: Event): EventView {
  const { id, at, app, type, commit, release, message, durationMs } = event
  return { id, at: new Date(at).toISOString(), app, type, commit, release, message, durationMs }
}

export function releaseView(release: Release): ReleaseView {
  const { app, version, commit, content, built, createdAt, createdBy, status } = release
  return {
    app,
    version,
    commit,
    image: content.image.key,
    built,
    createdAt: new Date(createdAt).toISOString(),
    createdBy,
    status,
    materials: content.image.materials ?? null,
  }
}

export function artifactView({ sha256, name, size, storedAt }: StoredArtifact): ArtifactView {
  return { sha256, name, size, storedAt: new Date(storedAt).toISOString() }
}

export function logLineView({ at, instance, line }: LogLine): LogLineView {
  return { at: at === null ? null : new Date(at).toISOString(), instance, line }
}

export function syncUpdateView(update: SyncUpdate): SyncUpdateView {
  return update.kind === 'event' ? { kind: 'event', event: eventView(update.event) } : update
}
