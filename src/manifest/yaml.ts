/** YAML that may be hostile → plain data, the place of every value, and every reason to refuse it. */
import { LineCounter, parseDocument, type YAMLError } from 'yaml'
import { refuseStructure } from './nesting.ts'
import { type Problem, position, quote } from './problems.ts'
import { decode } from './text.ts'
import { type Places, type ReadOptions, read } from './tree.ts'

export interface YamlFile {
  /** Plain data without `x-` keys; undefined where the text cannot be read as YAML at all, or is empty. */
  value: unknown
  /** True where the text is no YAML: there is nothing to check further. */
  broken: boolean
  places: Places
  problems: Problem[]
}

/** Reads a file's bytes. Never throws: what is wrong is in `problems`. `limit` is in bytes. */
export function readYaml(input: Buffer | string, limit: number, options: ReadOptions = {}): YamlFile {
  const decoded = decode(input, limit)
  if ('problem' in decoded) return unreadable([decoded.problem])
  const { text } = decoded
  const structure = refuseStructure(text)
  if (structure !== null) return unreadable([structure])

  const lines = new LineCounter()
  const at = (offset: number) => {
    const { line, col } = lines.linePos(offset)
    return line === 0 ? position(text, offset) : { line, column: col }
  }
  let document: ReturnType<typeof parseDocument>
  try {
    // Keys are compared by tree.ts: the parser's own way takes the square of their number.
    document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: false, strict: true, schema: 'core' })
  } catch (thrown) {
    const reason = thrown instanceof Error ? thrown.message : String(thrown)
    return unreadable([{ line: 1, column: 1, path: '', message: `cannot be read as YAML: ${reason}` }])
  }
  if (document.errors.length > 0) {
    const told = untilLost(document.errors)
    return unreadable(told.map((error) => ({ ...at(error.pos[0]), path: '', message: explain(error, text) })))
  }
  return read(document.contents, at, limit, options)
}

function unreadable(problems: Problem[]): YamlFile {
  return { value: undefined, broken: true, problems, places: new Map() }
}

/** Once the parser meets what cannot stand there at all, it stumbles over all that follows: that is no news. */
function untilLost(errors: YAMLError[]): YAMLError[] {
  const sorted = [...errors].sort((a, b) => a.pos[0] - b.pos[0])
  const lost = sorted.findIndex((error) => error.code === 'UNEXPECTED_TOKEN')
  return lost === -1 ? sorted : sorted.slice(0, lost + 1)
}

function explain(error: YAMLError, text: string): string {
  switch (error.code) {
    case 'MULTIPLE_DOCS':
      return 'holds a second document (---); one file is one document'
    case 'TAB_AS_INDENT':
      return 'tabs cannot indent YAML; use spaces'
    case 'TAG_RESOLVE_FAILED':
      return 'this YAML tag (!…) is not supported; leave it out'
    case 'UNEXPECTED_TOKEN':
      return `is not valid YAML: unexpected ${quote(text.slice(...error.pos).trim() || 'end')}`
    default:
      return `is not valid YAML: ${error.message}`
  }
}
