import { matchList, matchSegment } from '../slugignore.ts'

interface Pattern {
  segments: string[]
  /** `!`: what an earlier pattern left out is in again. */
  keeps: boolean
}

/**
 * What `.dockerignore` leaves out of the context (docs.docker.com/build/concepts/context): patterns from the root, `**` for any
 * number of folders, the last one that matches wins, and a folder's counts for what is in it. The engine itself reads the file only
 * for what it finds in the context. The Dockerfile and the file itself are always sent: the engine needs them.
 */
export function dockerignore(text: string | null, dockerfile: string): (path: string) => boolean {
  const patterns = (text ?? '').split(/\r?\n/).flatMap((line) => parsePattern(line) ?? [])
  if (patterns.length === 0) return () => false
  const someKeep = patterns.some((pattern) => pattern.keeps)
  return (path) => {
    const isNeeded = path === '' || path === '.dockerignore' || path === dockerfile || dockerfile.startsWith(`${path}/`)
    if (isNeeded || !isLeftOut(patterns, path.split('/'))) return false
    // A folder that is left out may hold something that is not.
    return !(someKeep && mayHold(patterns, path.split('/')))
  }
}

function parsePattern(line: string): Pattern | null {
  if (line.startsWith('#')) return null
  const text = line.trim()
  const keeps = text.startsWith('!')
  const segments: string[] = []
  for (const segment of text
    .slice(keeps ? 1 : 0)
    .trim()
    .split('/')) {
    if (segment === '..') segments.pop()
    else if (segment !== '' && segment !== '.') segments.push(segment)
  }
  return segments.length === 0 ? null : { segments, keeps }
}

function isLeftOut(patterns: Pattern[], path: string[]): boolean {
  const last = patterns.findLast(({ segments }) =>
    path.some((_, at) => matchList(segments, path.slice(0, at + 1), isAny, matchSegment)),
  )
  return last !== undefined && !last.keeps
}

/** Whether a pattern that keeps could match below this folder. */
function mayHold(patterns: Pattern[], folder: string[]): boolean {
  return patterns.some(({ keeps, segments }) => {
    if (!keeps) return false
    const first = segments.slice(0, folder.length)
    return segments.length > folder.length
      ? first.includes('**') || matchList(first, folder, isAny, matchSegment)
      : segments.includes('**')
  })
}

function isAny(segment: string): boolean {
  return segment === '**'
}
