import { createReadStream, existsSync, lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createGunzip } from 'node:zlib'
import { onTestFinished } from 'vitest'
import { type Limits, limitsFor } from '../../../src/build/artifact/entry.ts'
import { tarEntries } from '../../../src/build/artifact/tar.ts'
import { unpack } from '../../../src/build/artifact/unpack.ts'
import { zipEntries } from '../../../src/build/artifact/zip.ts'

export interface Place {
  root: string
  /** Unpacks into a folder of its own, and gives what is there: path → content, `-> target`, or null for a folder. */
  unpack(bytes: Buffer, kind: 'tar' | 'tgz' | 'zip', limits?: Partial<Limits>): Promise<Record<string, string | null>>
  /** Modes of what was unpacked last. */
  mode(path: string): string
}

export async function place(): Promise<Place> {
  const root = await mkdtemp(join(tmpdir(), 'trimtab-artifact-'))
  onTestFinished(() => rm(root, { recursive: true, force: true }))
  let count = 0
  let dir = ''
  return {
    root,
    async unpack(bytes, kind, limits = {}) {
      count += 1
      dir = join(root, `${count}`, 'app')
      await mkdir(dir, { recursive: true })
      const file = join(root, 'archive')
      await writeFile(file, bytes)
      const stream = createReadStream(file)
      const entries = kind === 'zip' ? zipEntries(file) : tarEntries(kind === 'tgz' ? stream.pipe(createGunzip()) : stream)
      const all = { ...limitsFor(bytes.length, 2 ** 30), ...limits }
      await unpack(entries, dir, all, new AbortController().signal)
      return seen(dir)
    },
    mode: (path) => (lstatSync(join(dir, path)).mode & 0o7777).toString(8),
  }
}

export function seen(dir: string): Record<string, string | null> {
  if (!existsSync(dir)) return {}
  const paths = readdirSync(dir, { recursive: true, withFileTypes: true }).map((entry) => join(entry.parentPath, entry.name))
  return Object.fromEntries(
    paths.sort().map((path) => {
      const stat = lstatSync(path)
      const what = stat.isSymbolicLink() ? `-> ${readlinkSync(path)}` : stat.isDirectory() ? null : readFileSync(path, 'utf8')
      return [path.slice(dir.length + 1), what]
    }),
  )
}
