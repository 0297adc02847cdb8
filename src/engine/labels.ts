/** What trimtab writes on everything of its own on an engine. Nothing without our platform's label is ever touched. */
import { createHash } from 'node:crypto'

export const LABEL = {
  platform: 'trimtab.platform',
  app: 'trimtab.app',
  process: 'trimtab.process',
  release: 'trimtab.release',
  instance: 'trimtab.instance',
  commit: 'trimtab.commit',
  /** Beyond the public ones: what else is needed to recognise an instance without a memory of our own, as JSON. */
  spec: 'trimtab.spec',
  /** What a thing is for, where it is no instance: build, cache, network, router, run. */
  role: 'trimtab.role',
  /** On an image: the build's key, and what the build found, as JSON. */
  key: 'trimtab.key',
  meta: 'trimtab.meta',
} as const

/** Which platform this is, on an engine that may have several: what the operator says, or else made from its state directory. */
export function platformName(configured: string | undefined, state: string): string {
  return configured ?? createHash('sha256').update(state).digest('hex').slice(0, 12)
}

/** A filter for the engine's lists: only what is this platform's. */
export function ours(platform: string, ...more: string[]): { label: string[] } {
  return { label: [`${LABEL.platform}=${platform}`, ...more] }
}

/** `trimtab/<platform>:<key>`: how a built image is called on the engine. */
export function imageRef(platform: string, key: string): string {
  return `trimtab/${platform}:${key}`
}
