import { lstat, open, readdir, realpath } from 'node:fs/promises'
import { basename, dirname, join, relative, sep } from 'node:path'
import type { Folder } from './propose.ts'

/** Files whose content tells something. */
const TELLING = ['package.json', 'requirements.txt', 'pyproject.toml', 'Pipfile', 'Procfile']
const SKIPPED = new Set(['.git', 'node_modules', '.trimtab', '.venv', 'venv', 'dist'])
const ENOUGH = 64 * 1024

/** Two levels of names, and the beginnings of the few files that tell something. */
export async function look(dir: string): Promise<Folder> {
  const files = new Set<string>()
  for (const entry of await readdir(dir, { withFileTypes: true })) {
    if (entry.isFile()) files.add(entry.name)
    if (!entry.isDirectory() || SKIPPED.has(entry.name)) continue
    for (const inner of await readdir(join(dir, entry.name), { withFileTypes: true })) {
      if (inner.isFile()) files.add(`${entry.name}/${inner.name}`)
    }
  }
  const contents: Record<string, string> = {}
  for (const name of TELLING) if (files.has(name)) contents[name] = await beginning(join(dir, name))
  return { name: basename(await realpath(dir)), files, contents }
}

async function beginning(file: string): Promise<string> {
  const handle = await open(file)
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(ENOUGH), 0, ENOUGH)
    return buffer.toString('utf8', 0, bytesRead)
  } finally {
    await handle.close()
  }
}

/** The repository a folder belongs to, and the folder's path in it; null: none. */
export async function repositoryOf(dir: string): Promise<{ root: string; path: string } | null> {
  const start = await realpath(dir)
  for (let at = start; ; at = dirname(at)) {
    if (await exists(join(at, '.git'))) return { root: at, path: relative(at, start).split(sep).join('/') }
    if (at === dirname(at)) return null
  }
}

export async function exists(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  )
}
