/** Finds and reads entries of a commit's tree. */
import type { CommitId } from '../domain.ts'
import { TrimtabError } from '../errors.ts'
import { ObjectLost, type Objects } from './objects.ts'
import { asBytes, KIND, parseCommit, parseTree, type RawEntry } from './parse.ts'

export async function readTree(objects: Objects, id: string): Promise<RawEntry[]> {
  const data = await objects.read(id, 'tree')
  try {
    return parseTree(data, id.length)
  } catch (cause) {
    throw Object.assign(new ObjectLost(id, 'is no tree'), { cause })
  }
}

/** The tree of the folder at `path`. Throws PathMissing. */
export async function folderAt(objects: Objects, commit: CommitId, path: string): Promise<string> {
  const root = parseCommit(await objects.read(commit, 'commit')).tree
  const entry = await entryAt(objects, root, path)
  if (entry && kindOf(entry) === KIND.folder) return entry.id
  const found = entry ? `${path} is not a folder` : `there is no folder ${path}`
  throw new TrimtabError('PathMissing', `At commit ${commit.slice(0, 12)} ${found}. Check the app's \`path\` in platform.yaml.`)
}

/** The regular file at `path`; null if there is none. Throws SourceInvalid if it is larger than `limit` bytes. */
export async function fileAt(objects: Objects, commit: CommitId, path: string, limit: number): Promise<Buffer | null> {
  const root = parseCommit(await objects.read(commit, 'commit')).tree
  const entry = await entryAt(objects, root, path)
  if (!entry || kindOf(entry) !== KIND.file) return null
  const tooLarge = (size: number) => new TrimtabError('SourceInvalid', `${path} is ${size} bytes large; the limit is ${limit}.`)
  return objects.read(entry.id, 'blob', { bytes: limit, error: tooLarge })
}

export function kindOf(entry: RawEntry): number {
  return entry.mode & KIND.mask
}

async function entryAt(objects: Objects, root: string, path: string): Promise<RawEntry | null> {
  let entry: RawEntry | undefined = { name: '', mode: KIND.folder, id: root }
  for (const name of path.split('/').filter((part) => part !== '')) {
    if (kindOf(entry) !== KIND.folder) return null
    const bytes = asBytes(name)
    entry = (await readTree(objects, entry.id)).find((each) => each.name === bytes)
    if (!entry) return null
  }
  return entry
}
