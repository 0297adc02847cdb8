/** Data against a zod schema → typed data, or problems at the line where each value stands. */
import type { z } from 'zod'
import { formatPath, type Problem, quote } from './problems.ts'
import { pathKey } from './tree.ts'
import type { YamlFile } from './yaml.ts'

type Issue = z.core.$ZodIssue
type Path = readonly PropertyKey[]
/** `key`: it is the key and not its value that is wrong. */
type Add = (path: Path, message: string, key?: string) => void

/**
 * The data as the schema gives it, or null, with every problem of the file: those found in reading it, then those
 * of the schema, one for each place. A message that begins with "expected" gets its "got" here. An empty file is an
 * empty mapping.
 */
export function check<S extends z.ZodType>(
  file: YamlFile,
  schema: S,
  options: { secret?: (path: Path) => boolean } = {},
): { data: z.output<S> | null; problems: Problem[] } {
  if (file.broken) return { data: null, problems: file.problems }
  const result = schema.safeParse(file.value === undefined || file.value === null ? {} : file.value)
  const problems = [...file.problems]
  const seen = new Set(problems.map((problem) => problem.path))
  const add: Add = (path, message, key) => {
    const name = formatPath(path)
    if (seen.has(name)) return
    seen.add(name)
    const { line, column, got } = find(file, path)
    const told = key === undefined ? got : `got ${quote(key)}`
    const shown = !message.startsWith('expected') || options.secret?.(path) === true ? '' : `, ${told}`
    problems.push({ line, column, path: name, message: message + shown })
  }
  for (const issue of result.error?.issues ?? []) report(issue, [], add)
  return { data: result.success && problems.length === 0 ? result.data : null, problems }
}

function report(issue: Issue, above: Path, add: Add): void {
  const path = [...above, ...issue.path]
  if (issue.code === 'unrecognized_keys') {
    // The schema's message has one line for each key; see mapping() in values.ts.
    const messages = issue.message.split('\n')
    for (const [index, key] of issue.keys.entries()) add([...path, key], messages[index] ?? 'unknown key')
  } else if (issue.code === 'invalid_key') {
    add(path, issue.issues[0]?.message ?? issue.message, String(path.at(-1)))
  } else if (issue.code === 'invalid_union') {
    // The branch that was meant is the one that took the value's type and failed further in.
    const meant = issue.errors.filter(
      (issues) => !issues.some((inner) => inner.path.length === 0 && inner.code.startsWith('invalid_')),
    )
    if (meant.length === 1 && meant[0] !== undefined) for (const inner of meant[0]) report(inner, path, add)
    else add(path, issue.message)
  } else {
    add(path, issue.message)
  }
}

/** Where the value stands; for one that is not there, where the mapping that lacks it stands. */
function find(file: YamlFile, path: Path): { line: number; column: number; got: string } {
  const exact = file.places.get(pathKey(path))
  if (exact !== undefined) return { line: exact.line, column: exact.column, got: `got ${exact.got()}` }
  for (let length = path.length - 1; length >= 0; length--) {
    const above = file.places.get(pathKey(path.slice(0, length)))
    if (above !== undefined) return { line: above.line, column: above.column, got: 'but it is missing' }
  }
  return { line: 1, column: 1, got: 'but it is missing' }
}
