/** A real Traefik: built from its Go module once a machine, which takes some minutes, and kept in the cache. */

import { execFile } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { TestContext } from 'vitest'
import { cached, cachePath } from './cache.ts'
import { need } from './need.ts'

const script = join(import.meta.dirname, 'traefik-build.sh')
const recipe = () => readFileSync(script, 'utf8')

/** Why there is none here, or null. */
export function traefikMissing(): string | null {
  return existsSync(cachePath('traefik', recipe()))
    ? null
    : 'no Traefik in the cache yet; TRIMTAB_REQUIRE=traefik npm test builds one, in some minutes'
}

/** Path of the program. Where there is none the test is skipped by name; without a context it throws. */
export async function traefikBinary(context: Pick<TestContext, 'skip'> | null): Promise<string> {
  const missing = traefikMissing()
  if (context) need(context, 'traefik', missing)
  else if (missing !== null) throw new Error(`traefik: ${missing}`)
  return cachePath('traefik', recipe())
}

/** Builds it, unless it is there. */
export function makeTraefik(): Promise<string> {
  return cached('traefik', recipe(), async (path) => {
    await promisify(execFile)('bash', [script, path], { maxBuffer: 64 << 20 })
  })
}
