/** A real Traefik. */
import { join } from 'node:path'
import type { TestContext } from 'vitest'
import { traefik } from './programs.ts'

/** Why there is none here, or null. */
export const traefikMissing = (): string | null => traefik.missing()

/** Path of the program. Where there is none the test is skipped by name; without a context it throws. */
export async function traefikBinary(context: Pick<TestContext, 'skip'> | null): Promise<string> {
  return join(traefik.folder(context), 'traefik')
}
