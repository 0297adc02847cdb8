/** `discover`: every match of a pattern in the tree of a commit makes its folder an app of that folder's name. */
import type { AppSpec, CommitId, FleetSpec } from '../domain.ts'
import { TrimtabError } from '../errors.ts'
import { parseGlob } from '../manifest/glob.ts'
import { quote } from '../manifest/problems.ts'
import { appName } from '../manifest/values.ts'
import type { Source } from '../ports.ts'

/** A repository may be as large as it likes; what is looked through for apps is not. */
const MOST_ENTRIES = 10_000
const DEEPEST = 8

const FILE = 'app.yaml'
/** Regular files and folders, as git writes them; a link is neither, wherever it leads. */
const isFile = (mode: string) => mode.startsWith('100')
const isFolder = (mode: string) => mode === '040000'

/**
 * The apps by their paths' order. `app`: the fleet's repository, as reading needs it. Throws FleetInvalid with a line for every folder
 * that cannot be an app, or where there is too much to look through.
 */
export async function discover(source: Source, fleet: FleetSpec, app: AppSpec, commit: CommitId): Promise<AppSpec[]> {
  const folders = await matches(source, app, commit, fleet.discover ?? '')
  const apps = folders.sort().map((path): AppSpec => {
    const name = nameOf(path, fleet)
    return { name, repo: fleet.repo, path, ...(fleet.branch !== undefined && { branch: fleet.branch }) }
  })
  const problems = [...misnamed(apps)]
  if (problems.length > 0) throw new TrimtabError('FleetInvalid', problems.join('\n'))
  return apps
}

async function matches(source: Source, app: AppSpec, commit: CommitId, pattern: string): Promise<string[]> {
  const glob = parseGlob(pattern)
  // Without ** a pattern says how deep it goes; what lies deeper is an app's own business.
  const deepest = pattern.includes('**') ? DEEPEST : Math.min(DEEPEST, pattern.split('/').length)
  const found: string[] = []
  let seen = 0
  const look = async (path: string): Promise<void> => {
    const entries = await source.entries(app, commit, path)
    seen += entries.length
    if (seen > MOST_ENTRIES) {
      throw new TrimtabError(
        'FleetInvalid',
        `discover: ${quote(pattern)} leads through more than ${MOST_ENTRIES} files and folders. Say more exactly where the apps are, such as apps/*/${FILE}.`,
      )
    }
    for (const { name, mode } of entries) {
      const at = path === '' ? name : `${path}/${name}`
      if (isFile(mode) && name === FILE && glob?.matches(at)) found.push(path)
      // A shell's * means no hidden folder either.
      if (isFolder(mode) && !name.startsWith('.') && at.split('/').length < deepest) await look(at)
    }
  }
  await look(plainPart(pattern)).catch((error: unknown) => {
    // No folder, no match.
    if (!(error instanceof TrimtabError && error.code === 'PathMissing')) throw error
  })
  return found
}

/** The folders that every match lies in. */
function plainPart(pattern: string): string {
  const parts = pattern.split('/').slice(0, -1)
  const first = parts.findIndex((part) => /[*?[\]{}]/.test(part))
  return (first < 0 ? parts : parts.slice(0, first)).join('/')
}

/** The folder's; of the root, which has none, the repository's. Never app.yaml's `name:`: a slip in it would make another app of this one. */
function nameOf(path: string, { repo }: FleetSpec): string {
  const place = path === '' ? repo.replace(/\/+$/, '').replace(/\.git$/, '') : path
  return place.split(/[/:]/).at(-1) ?? ''
}

function* misnamed(apps: AppSpec[]): Generator<string> {
  const first = new Map<string, string>()
  for (const { name, path } of apps) {
    const where = path === '' ? FILE : `${path}/${FILE}`
    const other = first.get(name)
    const { success, error } = appName().safeParse(name)
    if (!success)
      yield `${quote(where).slice(1, -1)}: the folder's name becomes the app's: ${error.issues[0]?.message}, got ${quote(name)}`
    else if (other !== undefined) yield `${where}: the app "${name}" is in ${other} already; rename one of the two folders`
    else first.set(name, where)
  }
}
