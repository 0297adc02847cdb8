import { mkdir, readFile } from 'node:fs/promises'
import { join, posix } from 'node:path'
import { TrimtabError } from '../../errors.ts'
import { requireNames } from '../bench.ts'
import type { Builtin } from '../builtins.ts'
import type { Choice, Pack } from '../choose.ts'
import { exportPack } from '../packs/export.ts'
import type { Work } from '../workshop.ts'
import type { PlainFile, Tree } from './archive.ts'
import { INSIDE } from './driver.ts'
import type { Yard } from './yard.ts'

/** A pack's folder: by its place among those that were named; where none is, each built-in one by its name. */
export function packFolder(choice: Choice, pack: Exclude<Pack, { kind: 'own' }>, index: number): string {
  return posix.join(INSIDE.packs, choice === null ? pack.name : String(index))
}

/** What goes into a build's container, all at once: the app, the packs, the build's variables, the CA bundle. */
export async function contentOf(
  { source, builtins }: Pick<Yard, 'source' | 'builtins'>,
  { plan: { app, commit, settings }, builds }: Pick<Work, 'plan' | 'builds'>,
  { choice, scratch, tree }: { choice: Choice; scratch: string; tree: string },
): Promise<{ trees: Tree[]; files: PlainFile[] }> {
  requireNames(settings.env)
  const trees: Tree[] = [{ from: tree, to: below(INSIDE.app) }]
  const files: PlainFile[] = Object.entries(settings.env).map(([name, content]) => ({
    to: below(`${INSIDE.env}/${name}`),
    content,
  }))
  if (builds.ca !== undefined) files.push({ to: below(INSIDE.ca), content: await readBundle(builds.ca) })
  const packs: Choice = choice ?? (await builtins()).map((pack) => ({ kind: 'builtin', name: pack.name, pack }))
  for (const [index, pack] of packs.entries()) {
    if (pack.kind === 'own') continue
    const to = below(packFolder(choice, pack, index))
    if (pack.kind === 'builtin') files.push(...filesOf(pack.pack, to))
    else {
      const from = join(scratch, String(index))
      await mkdir(from)
      await exportPack(source, app, commit, pack, from)
      trees.push({ from, to })
    }
  }
  return { trees, files }
}

function filesOf({ files }: Builtin, to: string): PlainFile[] {
  return files.map(({ path, content, executable }) => ({ to: `${to}/${path}`, content, executable }))
}

/** As an archive names it. */
function below(path: string): string {
  return path.slice(1)
}

async function readBundle(path: string): Promise<Buffer> {
  try {
    return await readFile(path)
  } catch (cause) {
    const message = `platform.yaml builds.ca: ${path} cannot be read (${(cause as Error).message}).`
    throw new TrimtabError('BuildFailed', message, { retry: true, cause })
  }
}
