import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

type Ask = (verb: string, args: string[], out: (chunk: Buffer) => void) => Promise<number>

/**
 * Paths outside of the app that the build has changed. The engine can tell too (GET /containers/…/changes), but compares the whole
 * stack, file by file: 0.9 s for 44,000 files. The app's user can write only where the stack lets everybody write, which is
 * looked up once for each stack, and then only that is looked at: at change times, which nobody without privileges can set.
 */
export async function straysIn(stack: string, folder: string, ask: Ask): Promise<string[]> {
  const file = join(folder, `${stack.replace(/\W/g, '-')}.writable`)
  const known = await kept(file)
  const writable = known ?? (await paths('writable', [], ask))
  const found = [...new Set(await paths('strays', writable, ask))].sort()
  // What an id stands for never changes; but only where nothing was changed is what was seen the stack's own.
  if (known === null && found.length === 0) await writeFile(file, JSON.stringify(writable), { mode: 0o600 })
  // Of a folder in which something is new, what is new is enough.
  return found.filter((path, at) => !found[at + 1]?.startsWith(`${path}/`))
}

async function kept(file: string): Promise<string[] | null> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as string[]
  } catch {
    return null
  }
}

async function paths(verb: string, args: string[], ask: Ask): Promise<string[]> {
  const said: Buffer[] = []
  await ask(verb, args, (chunk) => void said.push(Buffer.from(chunk)))
  const all = Buffer.concat(said).toString('utf8').split('\0')
  return all.filter((path) => path !== '')
}
