/** A forge and its client for one test. */
import { test as base, expect } from 'vitest'
import type { ForgeKind } from '../../src/domain.ts'
import { type FailureCode, TrimtabError } from '../../src/errors.ts'
import { createForge } from '../../src/forge/forge.ts'
import type { Forge } from '../../src/ports.ts'
import { type FakeForge, startForge } from '../support/forges/index.ts'

export const COMMIT = 'a94a8fe5ccb19ba61c4c0873d391e987982fbbd3'
export const OTHER = 'de9f2c7fd25e1b3afad3e85a0bd17d9b100db4b3'

export const test = base.extend<{ start(kind: ForgeKind, project?: string): Promise<{ fake: FakeForge; forge: Forge }> }>({
  // biome-ignore lint/correctness/noEmptyPattern: vitest reads it
  start: async ({}, use) => {
    const started: FakeForge[] = []
    await use(async (kind, project) => {
      const fake = await startForge(kind, project)
      started.push(fake)
      return { fake, forge: createForge(fake.spec, fake.repo) }
    })
    for (const fake of started) await fake.close()
  },
})

export const status = { commit: COMMIT, context: 'trimtab/hello', state: 'pending', description: 'building' } as const

/** What it throws. */
export async function thrown(work: Promise<unknown>): Promise<TrimtabError> {
  const error = await work.then(
    () => null,
    (caught: unknown) => caught,
  )
  if (!(error instanceof TrimtabError)) throw new Error(`expected a TrimtabError, got ${error}`)
  return error
}

/** What is thrown has this code, can be tried again or not, says all this, and nothing of a token. */
export async function refuses(work: Promise<unknown>, code: FailureCode, ...says: string[]): Promise<TrimtabError> {
  const error = await thrown(work)
  expect(error).toMatchObject({ code, retry: code === 'SourceUnreachable' })
  for (const each of says) expect(error.message).toContain(each)
  expect(error.message).not.toContain('forge-token-1f6c0d')
  return error
}
