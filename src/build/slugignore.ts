import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { readPlainFile, removeTree } from './files.ts'

/**
 * Deletes what `.slugignore` names before the buildpacks see the tree, and tells how many entries that were. The format is
 * .gitignore's without `!` (devcenter.heroku.com/articles/slug-compiler): it has no effect on files that a build makes.
 */
export async function applySlugignore(dir: string): Promise<number> {
  const text = readPlainFile(join(dir, '.slugignore'), 64 * 1024)
  const rules = (text ?? '').split(/\r?\n/).flatMap((line) => parseRule(line) ?? [])
  return rules.length === 0 ? 0 : remove(dir, [], rules)
}

export interface Rule {
  /** Glob of each path segment; '**' stands for any number of them. */
  segments: string[]
  foldersOnly: boolean
}

/** null: a blank line, a comment, or a negation, which Heroku does not have either. */
export function parseRule(line: string): Rule | null {
  const text = line.trim()
  if (text === '' || text.startsWith('#') || text.startsWith('!')) return null
  const foldersOnly = text.endsWith('/')
  const segments = text.split('/').filter((segment) => segment !== '' && segment !== '.')
  if (segments.length === 0 || segments.includes('..')) return null
  // As in .gitignore: a slash at the beginning or in the middle ties the pattern to the root.
  const tied = text.slice(0, -1).includes('/')
  return { segments: tied ? segments : ['**', ...segments], foldersOnly }
}

export function matches(rule: Rule, path: string[], isFolder: boolean): boolean {
  if (rule.foldersOnly && !isFolder) return false
  return matchList(rule.segments, path, (pattern) => pattern === '**', matchSegment)
}

async function remove(dir: string, path: string[], rules: Rule[]): Promise<number> {
  let removed = 0
  for (const entry of await readdir(join(dir, ...path), { withFileTypes: true })) {
    const here = [...path, entry.name]
    if (rules.some((rule) => matches(rule, here, entry.isDirectory()))) {
      await removeTree(join(dir, ...here))
      removed += 1
    } else if (entry.isDirectory()) removed += await remove(dir, here, rules)
  }
  return removed
}

/**
 * Matches a list against a pattern with wildcards by remembering only the last one: time grows with the product of the
 * lengths, where a regular expression made from a hostile `*a*a*a*a*b` would take for ever.
 */
export function matchList<P, T>(
  pattern: readonly P[],
  list: readonly T[],
  wild: (one: P) => boolean,
  same: (one: P, item: T) => boolean,
): boolean {
  let at = 0
  let star = -1
  let resume = 0
  for (let item = 0; item < list.length; ) {
    const wanted = pattern[at]
    const given = list[item] as T
    if (wanted !== undefined && wild(wanted)) {
      star = at
      resume = item
      at += 1
    } else if (wanted !== undefined && same(wanted, given)) {
      at += 1
      item += 1
    } else if (star >= 0) {
      at = star + 1
      resume += 1
      item = resume
    } else return false
  }
  return pattern.slice(at).every(wild)
}

export function matchSegment(pattern: string, name: string): boolean {
  const parts = pattern.match(/\[[!^]?\]?[^\]]*\]|\\?./gsu) ?? []
  return matchList(parts, [...name], (part) => part === '*', matchCharacter)
}

function matchCharacter(part: string, character: string): boolean {
  if (part === '?') return true
  const set = /^\[([!^]?)(.+)\]$/su.exec(part)
  if (set === null) return (part.length > 1 && part.startsWith('\\') ? part.slice(1) : part) === character
  const inside = [...(set[2] as string).matchAll(/(.)-(.)|(.)/gsu)].some(([, from, to, single]) =>
    single !== undefined ? single === character : (from as string) <= character && character <= (to as string),
  )
  return inside !== (set[1] !== '')
}
