import { posix } from 'node:path'
import type { AppSpec, BuildSettings, CommitId } from '../domain.ts'
import { TrimtabError } from '../errors.ts'
import type { Source, TreeEntry } from '../ports.ts'
import type { Builtin } from './builtins.ts'

/** One buildpack of a build. */
export type Pack =
  | { kind: 'builtin'; name: string; pack: Builtin }
  /** A folder of the repository, anywhere in it; `tree` is its git id, `releases` whether it has a bin/release. */
  | { kind: 'repository'; name: string; path: string; tree: string; releases: boolean }
  /** The app's own bin/detect, bin/compile and bin/release. */
  | { kind: 'own'; name: string }

/** The packs that app.yaml or .buildpacks name, in order; null: none is named, the app's own or a built-in one is detected. */
export type Choice = Pack[] | null

export interface ChooseFrom {
  source: Source
  builtins: Builtin[]
}

/** app.yaml comes first, then `.buildpacks` (one per line), as on Heroku, where what is configured wins over the file. */
export async function choosePacks(
  app: AppSpec,
  commit: CommitId,
  settings: BuildSettings,
  entries: TreeEntry[],
  from: ChooseFrom,
): Promise<Choice> {
  if (settings.buildpacks !== undefined && settings.buildpacks.length > 0) {
    return Promise.all(settings.buildpacks.map((line) => choosePack(app, commit, line, 'app.yaml build.buildpacks', from)))
  }
  if (!entries.some((entry) => entry.name === '.buildpacks')) return null
  const file = await from.source.read(app, commit, posix.join(app.path, '.buildpacks'), 64 * 1024)
  const lines = (file?.toString('utf8') ?? '')
    .split(/\r?\n/)
    .map((text, at) => ({ text: text.trim(), where: `.buildpacks:${at + 1}` }))
  const named = lines.filter(({ text }) => text !== '' && !text.startsWith('#'))
  if (named.length === 0) return null
  return Promise.all(named.map(({ text, where }) => choosePack(app, commit, text, where, from)))
}

async function choosePack(app: AppSpec, commit: CommitId, line: string, where: string, from: ChooseFrom): Promise<Pack> {
  if (line === '.' || line === './') return { kind: 'own', name: './' }
  if (line.startsWith('./') || line.startsWith('../')) return fromRepository(app, commit, line, where, from.source)
  const name = line.replace(/^heroku\//, '')
  const pack = from.builtins.find((one) => one.name === name)
  if (pack !== undefined) return { kind: 'builtin', name, pack }
  const known = from.builtins.map((one) => one.name).join(', ')
  if (/^[a-z+]+:\/\/|^[^/]+@[^/]+:|#|\.git$|\.tgz$/i.test(line)) {
    throw refused(
      `${where}: ${quoted(line)}: buildpacks from an address are not available yet; use ${known}, or ./path in the repository.`,
    )
  }
  throw refused(
    `${where}: there is no built-in buildpack ${quoted(line)}; there are ${known}, and ./path names a folder of the repository.`,
  )
}

/** `./path` is looked for beside the app first, then at the repository's root, where the apps of one repository can share it. */
async function fromRepository(app: AppSpec, commit: CommitId, line: string, where: string, source: Source): Promise<Pack> {
  const places = [...new Set([posix.join(app.path, line), posix.normalize(line)])].map((path) => path.replace(/\/$/, ''))
  const inside = places.filter((path) => path !== '..' && !path.startsWith('../') && path !== '.')
  if (inside.length === 0) throw refused(`${where}: ${quoted(line)} leaves the repository.`)
  for (const path of inside) {
    const siblings = await entriesAt(source, app, commit, posix.dirname(path) === '.' ? '' : posix.dirname(path))
    const found = siblings.find((entry) => entry.name === posix.basename(path) && entry.mode === '040000')
    if (found === undefined) continue
    const bin = await entriesAt(source, app, commit, `${path}/bin`)
    const missing = ['detect', 'compile'].filter((name) => !bin.some((entry) => entry.name === name && entry.mode !== '100644'))
    const releases = bin.some((entry) => entry.name === 'release')
    if (missing.length === 0) return { kind: 'repository', name: line, path, tree: found.id, releases }
    throw refused(
      `${where}: ${quoted(line)} is no buildpack: it has no executable ${missing.map((name) => `bin/${name}`).join(' and no executable ')}.`,
    )
  }
  throw refused(`${where}: there is no folder ${inside.map(quoted).join(' and no folder ')} in the repository at this commit.`)
}

async function entriesAt(source: Source, app: AppSpec, commit: CommitId, path: string): Promise<TreeEntry[]> {
  try {
    return await source.entries(app, commit, path)
  } catch (error) {
    if (error instanceof TrimtabError && error.code === 'PathMissing') return []
    throw error
  }
}

function refused(message: string): TrimtabError {
  return new TrimtabError('NoBuildpack', message)
}

/** A hostile name in a message: quoted, without control characters, not endless. */
function quoted(text: string): string {
  return JSON.stringify(text.length > 200 ? `${text.slice(0, 200)}…` : text)
}
