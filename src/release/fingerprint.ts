/** What an instance is made of, as one short value: equal fingerprints need no new instance. */
import { createHash } from 'node:crypto'
import type { ReleaseContent } from '../domain.ts'

/** Scale and routes are left out: a change of those alone stops and starts nothing that need not. */
export function fingerprintOf(content: ReleaseContent): string {
  const processes = content.processes.map(({ scale: _, ...made }) => made)
  const made = { image: content.image.key, env: content.env, processes, release: content.release ?? null }
  return createHash('sha256').update(JSON.stringify(made)).digest('hex').slice(0, 16)
}
