/** A release + a process → what the runtime is asked to start. */
import type { InstanceSpec, Release } from '../domain.ts'
import { environmentOf } from './environment.ts'
import { STOP, WITHOUT_PATH } from './formation.ts'

/** `command` is the process's own, or that of a one-off, which need be no process of the release. */
export function specOf(release: Release, process: string, index: number, command: string, oneOff: boolean): InstanceSpec {
  const settings = release.content.processes.find((p) => p.type === process)
  return {
    app: release.app,
    process,
    release: release.version,
    index,
    commit: release.commit,
    fingerprint: release.fingerprint,
    image: release.content.image,
    command,
    env: environmentOf(release, process, index),
    stop: settings?.stop ?? STOP,
    health: settings?.health ?? WITHOUT_PATH,
    ...(settings?.limits && { limits: settings.limits }),
    oneOff,
  }
}
