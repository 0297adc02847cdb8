/** Everything in a tree, checked before the first byte is written: what is wrong is told at once, all of it. */
import { TrimtabError } from '../errors.ts'
import { badName, wayOut } from './names.ts'
import type { Objects } from './objects.ts'
import { asBytes, KIND, type RawEntry, readable } from './parse.ts'
import { kindOf, readTree } from './read.ts'

/** Paths are bytes, one character each. Folders come before what is in them. */
export interface Inventory {
  folders: string[]
  files: Array<{ path: string; id: string; executable: boolean }>
  links: Array<{ path: string; target: string }>
}

export interface ExportLimits {
  /** Files, links and folders together. */
  entries: number
  bytes: number
}

/** Problems named in one error. */
const NAMED = 20
/** PATH_MAX on Linux is 4096, macOS 1024; the rest is for where it is exported to. */
const LONGEST = 900

export async function takeInventory(objects: Objects, tree: string, omit: string[], limits: ExportLimits): Promise<Inventory> {
  const found: Inventory = { folders: [], files: [], links: [] }
  const problems: string[] = []
  const left = new Set(omit.map(asBytes))
  let level: Array<{ path: string; id: string }> = [{ path: '', id: tree }]
  let count = 0
  while (level.length > 0) {
    const next: typeof level = []
    // One folder after the other within a level would wait for each answer; all at once would be unbounded in a hostile tree.
    for (let at = 0; at < level.length; at += 64) {
      const batch = level.slice(at, at + 64)
      const read = await Promise.all(batch.map(async (folder) => ({ folder, entries: await readTree(objects, folder.id) })))
      for (const { folder, entries } of read) {
        const kept = folder.path === '' ? entries.filter((entry) => !left.has(entry.name)) : entries
        count += kept.length
        if (count > limits.entries) throw invalid([`it has more than ${limits.entries} files; trimtab does not take more.`])
        for (const folderBelow of sort(folder.path, kept, found, problems)) next.push(folderBelow)
      }
    }
    found.folders.push(...next.map((folder) => folder.path))
    level = next
  }
  await readLinks(objects, found, problems)
  if (problems.length > 0) throw invalid(problems)
  return found
}

/** Files one folder's entries; gives back its folders. */
function sort(parent: string, entries: RawEntry[], found: Inventory, problems: string[]): Array<{ path: string; id: string }> {
  const folders: Array<{ path: string; id: string }> = []
  const seen = new Set<string>()
  for (const entry of entries) {
    const path = parent === '' ? entry.name : `${parent}/${entry.name}`
    const problem = seen.has(entry.name) ? 'is there twice' : problemOf(entry, path)
    seen.add(entry.name)
    if (problem) {
      problems.push(`${readable(path)}: ${problem}`)
      continue
    }
    const { id } = entry
    const kind = kindOf(entry)
    if (kind === KIND.folder) folders.push({ path, id })
    else if (kind === KIND.file) found.files.push({ path, id, executable: (entry.mode & 0o100) !== 0 })
    else found.links.push({ path, target: id })
  }
  return folders
}

function problemOf(entry: RawEntry, path: string): string | null {
  const bad = badName(entry.name)
  if (bad) return `${bad} is not written`
  if (path.length > LONGEST) return `its path is longer than ${LONGEST} bytes`
  const kind = kindOf(entry)
  if (kind === KIND.submodule)
    return 'a submodule, which trimtab does not fetch. Commit its files, or install it as a dependency.'
  return kind === KIND.folder || kind === KIND.file || kind === KIND.link ? null : `its mode ${entry.mode.toString(8)} is unknown`
}

/** Puts each link's target in the place of its object's name. */
async function readLinks(objects: Objects, found: Inventory, problems: string[]): Promise<void> {
  const tooLong = {
    bytes: 4095,
    error: () => new TrimtabError('SourceInvalid', 'a link whose target is longer than 4095 bytes.'),
  }
  for (let at = 0; at < found.links.length; at += 64) {
    await Promise.all(
      found.links.slice(at, at + 64).map(async (link) => {
        link.target = (await objects.read(link.target, 'blob', tooLong)).toString('latin1')
      }),
    )
  }
  const targets = new Map(found.links.map((link) => [link.path, link.target]))
  for (const { path, target } of found.links) {
    const why = target === '' || target.includes('\0') ? 'leads nowhere' : wayOut(targets, path)
    if (why) problems.push(`${readable(path)}: the link to ${JSON.stringify(readable(target))} ${why}`)
  }
}

export function invalid(problems: string[]): TrimtabError {
  const more = problems.length - NAMED
  const text = problems.slice(0, NAMED).join('\n  ') + (more > 0 ? `\n  and ${more} more` : '')
  return new TrimtabError('SourceInvalid', `The commit cannot be used:\n  ${text}`)
}
