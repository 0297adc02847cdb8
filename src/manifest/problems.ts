/** What is wrong in a file, as one line each that an editor can jump to. */
import { type FailureCode, TrimtabError } from '../errors.ts'

export interface Problem {
  /** From 1. */
  line: number
  /** From 1, in UTF-16 units, as editors count. */
  column: number
  /** `processes.web.scale`; '' for the file as a whole. */
  path: string
  message: string
}

/** A hostile file can hold tens of thousands of mistakes; nobody reads more than this. */
const MOST = 100

/** One line for each problem, in the file's order: `app.yaml:7:5 processes.web.scale: expected …, got …`. */
export function formatProblems(file: string, problems: Problem[]): string {
  const sorted = [...problems].sort((a, b) => a.line - b.line || a.column - b.column)
  const lines = sorted.slice(0, MOST).map((problem) => {
    const where = `${file}:${problem.line}:${problem.column}`
    return problem.path === '' ? `${where} ${problem.message}` : `${where} ${problem.path}: ${problem.message}`
  })
  if (sorted.length > MOST) lines.push(`${file}: … and ${sorted.length - MOST} more`)
  return lines.join('\n')
}

/** The error that carries all problems of one or more files. */
export function invalid(code: FailureCode, files: Array<{ file: string; problems: Problem[] }>): TrimtabError {
  const texts = files.filter(({ problems }) => problems.length > 0).map(({ file, problems }) => formatProblems(file, problems))
  return new TrimtabError(code, texts.join('\n'))
}

/** `processes.web.scale`, `routes[1].host`, `env["a b"]`. */
export function formatPath(path: readonly PropertyKey[]): string {
  let text = ''
  for (const part of path) {
    if (typeof part === 'number') text += `[${part}]`
    else if (/^[A-Za-z0-9_-]+$/.test(String(part))) text += text === '' ? String(part) : `.${String(part)}`
    else text += `[${quote(String(part))}]`
  }
  return text
}

/** Text from a file, safe to print: quoted, short, no control or direction characters, no password of an address. */
export function quote(text: string): string {
  // Cut first: the search takes the square of the length.
  const safe = text.slice(0, 500).replace(/\/\/[^@\s]*@/g, '//…@')
  const short = safe.length > 60 || text.length > 500 ? `${safe.slice(0, 59)}…` : safe
  return JSON.stringify(short).replace(
    /[\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

/** Line and column of an offset. */
export function position(text: string, offset: number): { line: number; column: number } {
  let line = 1
  let start = 0
  for (let next = text.indexOf('\n'); next !== -1 && next < offset; next = text.indexOf('\n', next + 1)) {
    line += 1
    start = next + 1
  }
  return { line, column: offset - start + 1 }
}
