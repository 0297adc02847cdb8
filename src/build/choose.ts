import { posix } from 'node:path'
import type { AppSpec, BuildSettings, CommitId, GitSpec } from '../domain.ts'
import { TrimtabError } from '../errors.ts'
import { isAddress, readAddress, transportProblem } from '../manifest/buildpack.ts'
import type { Source, TreeEntry } from '../ports.ts'
import type { Builtin } from './builtins.ts'
import { type Line, packLines } from './packs/lines.ts'
import { type Programs, programsOf, whyNot } from './packs/programs.ts'

/** As many as app.yaml may name. */
const MOST = 20

/** One buildpack of a build. */
export type Pack =
  | { kind: 'builtin'; name: string; pack: Builtin }
  /** A folder of the repository, anywhere in it; `tree` is its git id. */
  | { kind: 'repository'; name: string; path: string; tree: string; programs: Programs }
  /** A commit of a repository of its own. */
  | { kind: 'fetched'; name: string; where: string; repo: string; commit: CommitId; programs: Programs }
  /** The app's own bin/detect, bin/compile and bin/release. */
  | { kind: 'own'; name: string }

/** The address of a buildpack, before it is known which commit it stands for. */
export interface Address {
  kind: 'address'
  name: string
  where: string
  repo: string
  ref?: string
  /** No other pack comes after it. */
  last: boolean
}

/** The packs of a build, in order; null: none is named, the app's own or a built-in one is detected. */
export type Choice = Pack[] | null

export interface ChooseFrom {
  source: Source
  builtins: Builtin[]
  /** The transports that a repository may name. */
  allow: GitSpec['allow']
}

/** What app.yaml or `.buildpacks` name. Reads git only. */
export async function choosePacks(
  app: AppSpec,
  commit: CommitId,
  settings: BuildSettings,
  entries: TreeEntry[],
  from: ChooseFrom,
): Promise<Array<Pack | Address> | null> {
  const lines = await packLines(app, commit, settings, entries, from.source)
  if (lines === null) return null
  const beyond = lines[MOST]
  if (beyond) throw refused(`${await beyond.where()}: at most ${MOST} buildpacks are taken.`)
  return Promise.all(lines.map((line, index) => choosePack(app, commit, line, index === lines.length - 1, from)))
}

async function choosePack(app: AppSpec, commit: CommitId, line: Line, last: boolean, from: ChooseFrom): Promise<Pack | Address> {
  try {
    const { text } = line
    if (text === '.' || text === './') return { kind: 'own', name: './' }
    if (/^\.\.?\//.test(text)) return await fromRepository(app, commit, text, last, from.source)
    const name = text.replace(/^heroku\//, '')
    const pack = from.builtins.find((one) => one.name === name)
    if (pack !== undefined) return { kind: 'builtin', name, pack }
    if (isAddress(text)) return { ...fromAddress(text, from.allow), where: await line.where(), last }
    const known = from.builtins.map((one) => one.name).join(', ')
    const others = './path names a folder of the repository, and https://host/pack.git#v1 a repository of its own'
    throw refused(`there is no built-in buildpack ${quoted(text)}; there are ${known}, ${others}.`)
  } catch (error) {
    if (!(error instanceof TrimtabError) || error.code !== 'NoBuildpack') throw error
    throw refused(`${await line.where()}: ${error.message}`)
  }
}

/** What a repository names is not the operator's word: the operator says how far it may reach. */
function fromAddress(text: string, allow: GitSpec['allow']): Pick<Address, 'kind' | 'name' | 'repo' | 'ref'> {
  const read = readAddress(text)
  if ('problem' in read) throw refused(`${quoted(text)}: ${read.problem}.`)
  const problem = transportProblem(read.repo, allow)
  if (problem !== null) throw refused(`${quoted(text)}: ${problem}.`)
  return { kind: 'address', name: text, ...read }
}

/** `./path` is looked for beside the app first, then at the repository's root, where the apps of one repository can share it. */
async function fromRepository(app: AppSpec, commit: CommitId, line: string, last: boolean, source: Source): Promise<Pack> {
  const places = [...new Set([posix.join(app.path, line), posix.normalize(line)])].map((path) => path.replace(/\/$/, ''))
  const inside = places.filter((path) => path !== '..' && !path.startsWith('../') && path !== '.')
  if (inside.length === 0) throw refused(`${quoted(line)} leaves the repository.`)
  for (const path of inside) {
    const siblings = await entriesAt(source, app, commit, posix.dirname(path) === '.' ? '' : posix.dirname(path))
    const found = siblings.find((entry) => entry.name === posix.basename(path) && entry.mode === '040000')
    if (found === undefined) continue
    const programs = programsOf(await entriesAt(source, app, commit, `${path}/bin`))
    const problem = whyNot(programs, last)
    if (problem !== null) throw refused(`${quoted(line)} ${problem}`)
    return { kind: 'repository', name: line, path, tree: found.id, programs }
  }
  throw refused(`there is no folder ${inside.map(quoted).join(' and no folder ')} in the repository at this commit.`)
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
export function quoted(text: string): string {
  return JSON.stringify(text.length > 200 ? `${text.slice(0, 200)}…` : text)
}
