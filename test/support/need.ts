/** Parts that a test needs and a machine may lack: a named skip, or, where TRIMTAB_REQUIRE names the part, a failure. */
import type { TestContext } from 'vitest'

export type Part =
  | 'docker'
  | 'traefik'
  | 'pebble'
  | 'lifecycle'
  | 'chromium'
  | 'sshd'
  | 'ssh-keygen'
  | 'gpg'
  | 'openssl'
  | 'npm'
  | 'pypi'
  | 'maven'
  | 'registry'
  | 'root'

/** `missing`: why the part is not to be had here; null: it is. */
export function need(context: Pick<TestContext, 'skip'>, part: Part, missing: string | null): void {
  if (missing === null) return
  if (isRequired(part)) throw new Error(`TRIMTAB_REQUIRE names ${part}, and it is not here: ${missing}`)
  context.skip(`${part}: ${missing}`)
}

/** Whether this run is to fail where the part is missing. */
export function isRequired(part: Part): boolean {
  const required = (process.env.TRIMTAB_REQUIRE ?? '').split(',').map((name) => name.trim())
  return required.includes(part)
}
