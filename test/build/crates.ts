import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { TestContext } from 'vitest'

const MANIFEST = join(import.meta.dirname, '../..', 'examples/rust/Cargo.toml')

/** Skips the test where there is no cargo, or the crate of examples/rust is not to be had with it. */
export async function onlyWithCrates(context: Pick<TestContext, 'skip'>): Promise<void> {
  try {
    await promisify(execFile)('cargo', ['fetch', '--quiet', '--locked', '--manifest-path', MANIFEST], { timeout: 30_000 })
  } catch (error) {
    context.skip(`crates.io cannot be asked from here: ${(error as Error).message.split('\n')[0]}`)
  }
}
