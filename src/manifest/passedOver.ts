/** `paths:` of app.yaml against what a commit changes. */
import { type Glob, parseGlob } from './glob.ts'

interface Pattern {
  glob: Glob
  not: boolean
}

/**
 * Letters of paths times letters of patterns. The dearest of such comparisons takes a second; what would take longer counts as
 * a change, for the files of a repository are nobody's to hold the process with.
 */
const MOST_WORK = 250_000_000
/** Longer paths count as a change, too. */
const LONGEST_PATH = 1_024

/** null for what is no pattern of paths from the root of the repository. */
export function parsePattern(written: string): Pattern | null {
  const not = written.startsWith('!')
  const path = not ? written.slice(1) : written
  if (path === '' || /^\/|^\.\.?(?:\/|$)|\/\.\.?(?:\/|$)|\/\/|\/$|[\\\0\n]/.test(path)) return null
  const glob = parseGlob(path)
  return glob && { glob, not }
}

/**
 * Whether none of these paths (from the root of the repository) is meant by the patterns. As in forges' own filters the last
 * pattern that fits decides; where the first one says what is not meant, all the others are. `always`: paths that count anyway.
 */
export function isPassedOver(patterns: string[], changed: string[], always: string[]): boolean {
  const parsed = patterns.flatMap((written) => parsePattern(written) ?? [])
  const letters = changed.reduce((sum, path) => sum + path.length, 0)
  if (letters * parsed.reduce((sum, { glob }) => sum + glob.letters, 0) > MOST_WORK) return false
  return !changed.some((path) => always.includes(path) || path.length > LONGEST_PATH || isMeant(path, parsed))
}

function isMeant(path: string, patterns: Pattern[]): boolean {
  const last = patterns.findLast(({ glob }) => glob.matches(path))
  return last ? !last.not : patterns[0]?.not === true
}
