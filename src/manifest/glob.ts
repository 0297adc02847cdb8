/**
 * Patterns of paths, as people know them: `*` and `?` within a folder's name, `**` for any folders, `[a-z]`, `{one,two}`. Names
 * that begin with a dot are names like any other.
 *
 * Not through a regular expression, as picomatch makes of them: patterns and paths both come out of a repository, and four stars
 * against a name of 250 letters keep one busy for half a minute. Here each name costs at most its length times the pattern's.
 */

/** So many patterns may one come to, once its braces are written out. */
const MOST = 64

export interface Glob {
  matches(path: string): boolean
  /** Letters to be compared with each letter of a path. */
  letters: number
}

/** null for a pattern with a bracket or a brace that does not end, or with too many braces. Both sides have '/' between names. */
export function parseGlob(pattern: string): Glob | null {
  const written = expand(pattern)
  const globs = written?.map(namesOf)
  if (!globs || globs.includes(null)) return null
  const letters = written?.join('').length ?? 0
  return { letters, matches: (path) => globs.some((names) => names !== null && fits(names, path.split('/'))) }
}

function namesOf(pattern: string): Name[] | null {
  const names = pattern.split('/').map((name) => (name === '**' ? null : nameGlob(name)))
  // `libs/**` also is what takes the place of that folder; `*/**` is not every file at the top.
  const last = names.at(-1) === null ? names.at(-2) : null
  if (last?.some((token) => token.kind !== 'is')) names.push([{ kind: 'any' }])
  return names.every((name) => name !== undefined) ? names : null
}

/** null: `**`. */
type Name = Token[] | null
type Token =
  | { kind: 'any' }
  | { kind: 'one' }
  | { kind: 'is'; char: string }
  | { kind: 'in'; not: boolean; ranges: [string, string][] }

/** Without `**` each name has its place; behind one, the earliest that fits is as good as any. */
function fits(names: Name[], path: string[]): boolean {
  return walk(
    names,
    path,
    (name) => name === null,
    (name, part) => name !== null && nameFits(name, part),
  )
}

function nameFits(name: Token[], part: string): boolean {
  return walk(name, [...part], (token) => token.kind === 'any', charFits)
}

/** Matches with at most one way back, to the last wildcard: it need never be shorter than what was tried, so none before it matters. */
function walk<P, S>(pattern: P[], subject: S[], isAny: (part: P) => boolean, agree: (part: P, piece: S) => boolean): boolean {
  let [p, s] = [0, 0]
  let back: { p: number; s: number } | null = null
  while (s < subject.length) {
    const part = pattern[p]
    if (part !== undefined && isAny(part)) {
      back = { p: ++p, s }
    } else if (part !== undefined && agree(part, subject[s] as S)) {
      p++
      s++
    } else if (back) {
      p = back.p
      s = ++back.s
    } else return false
  }
  return pattern.slice(p).every(isAny)
}

function charFits(token: Token, char: string): boolean {
  if (token.kind === 'is') return token.char === char
  if (token.kind === 'in') return token.ranges.some(([from, to]) => from <= char && char <= to) !== token.not
  return token.kind === 'one'
}

/** undefined: a bracket is open. */
function nameGlob(name: string): Token[] | undefined {
  const tokens: Token[] = []
  const chars = [...name]
  for (let i = 0; i < chars.length; i++) {
    const char = chars[i] as string
    if (char === '*') {
      if (tokens.at(-1)?.kind !== 'any') tokens.push({ kind: 'any' })
    } else if (char === '?') tokens.push({ kind: 'one' })
    else if (char === '[') {
      // A bracket right at the beginning is one of its own.
      const not = chars[i + 1] === '!' || chars[i + 1] === '^'
      const first = i + (not ? 2 : 1)
      const end = chars.indexOf(']', first + 1)
      if (end === -1) return undefined
      tokens.push({ kind: 'in', not, ranges: rangesOf(chars.slice(first, end)) })
      i = end
    } else tokens.push({ kind: 'is', char })
  }
  return tokens
}

function rangesOf(chars: string[]): [string, string][] {
  const ranges: [string, string][] = []
  for (let i = 0; i < chars.length; i++) {
    const from = chars[i] as string
    const to = chars[i + 1] === '-' ? chars[i + 2] : undefined
    ranges.push([from, to ?? from])
    if (to !== undefined) i += 2
  }
  return ranges
}

/** `a/{b,c}` → `a/b`, `a/c`. null: a brace is open, or there are too many. */
function expand(pattern: string): string[] | null {
  let done = ['']
  for (let rest = pattern; rest !== ''; ) {
    const parts = /^([^{}]*)(?:\{([^{}]*)\}(.*))?$/s.exec(rest)
    if (!parts) return null
    const [, plain = '', inner, after = ''] = parts
    const choices = inner === undefined ? [''] : inner.split(',')
    done = done.flatMap((before) => choices.map((choice) => before + plain + choice))
    if (done.length > MOST) return null
    rest = inner === undefined ? '' : after
  }
  return done
}
