/** What takes minutes to make and is the same until its recipe changes: made once a machine, kept outside of the checkout. */
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { inTurn } from './claim.ts'

const KEPT_MS = 7 * 24 * 3600_000

/** Where the thing of this name and recipe is, or would be. */
export function cachePath(name: string, recipe: unknown): string {
  const key = createHash('sha256').update(JSON.stringify(recipe)).digest('hex').slice(0, 16)
  return join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'trimtab', `${name}-${key}`)
}

/** The path of the thing; made, if it is not there, by a function that is given the path to make it at. */
export async function cached(name: string, recipe: unknown, make: (path: string) => Promise<void>): Promise<string> {
  const path = cachePath(name, recipe)
  if (existsSync(path)) return path
  mkdirSync(dirname(path), { recursive: true })
  await inTurn(`${path}.lock`, async () => {
    if (existsSync(path)) return
    const fresh = `${path}.new` // one at a time: what is there is what a dead process left
    rmSync(fresh, { recursive: true, force: true })
    console.error(`Making ${name} for the tests (once a machine) …`)
    await make(fresh)
    renameSync(fresh, path)
    removeOthers(path, name)
  })
  return path
}

/** Those of other recipes, unless they were made lately: another checkout may use them. */
function removeOthers(path: string, name: string): void {
  const dir = dirname(path)
  for (const one of readdirSync(dir)) {
    const other = join(dir, one)
    const isOne = one.startsWith(`${name}-`) && /^[0-9a-f]{16}$/.test(one.slice(name.length + 1)) && other !== path
    if (isOne && Date.now() - statSync(other).ctimeMs > KEPT_MS) rmSync(other, { recursive: true, force: true })
  }
}
