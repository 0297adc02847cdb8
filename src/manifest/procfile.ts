/** Procfile: `type: command`, one on each line. Heroku's rule, except that what it skips in silence is a problem here. */
import { formatPath, type Problem, quote } from './problems.ts'
import { decode } from './text.ts'
import { PROCESS_TYPE, PROCESS_TYPE_EXPECTED } from './values.ts'

export interface Procfile {
  /** In the file's order, `release` left out. */
  processes: Record<string, string>
  release?: string
  problems: Problem[]
}

const LINE = /^([A-Za-z0-9_-]+):(.*)$/

/** Never throws: what is wrong is in `problems`. `limit` is in bytes. */
export function parseProcfile(input: Buffer | string, limit: number): Procfile {
  const decoded = decode(input, limit)
  if ('problem' in decoded) return { processes: {}, problems: [decoded.problem] }
  const problems: Problem[] = []
  const lines = new Map<string, number>()
  const commands = new Map<string, string>()
  for (const [index, raw] of decoded.text.split(/\r\n|\n|\r/).entries()) {
    const line = index + 1
    const problem = (message: string, path = '') => problems.push({ line, column: 1, path, message })
    if (/^\s*(#|$)/.test(raw)) continue
    const [, type, rest] = LINE.exec(raw) ?? []
    if (type === undefined || rest === undefined) {
      problem(`expected "type: command", got ${quote(raw)}`)
      continue
    }
    const command = rest.trim()
    const path = formatPath([type])
    if (!PROCESS_TYPE.test(type)) problem(`${PROCESS_TYPE_EXPECTED}, got ${quote(type)}`)
    else if (type in Object.prototype) problem('this name cannot be used as a process type', path)
    else if (lines.has(type)) problem(`is there already, on line ${lines.get(type)}`, path)
    else if (command === '') problem('expected a command, got nothing', path)
    else if (command.length > 8192) problem('expected a command of at most 8192 characters', path)
    else commands.set(type, command)
    if (!lines.has(type)) lines.set(type, line)
  }
  const release = commands.get('release')
  commands.delete('release')
  return { processes: Object.fromEntries(commands), ...(release !== undefined && { release }), problems }
}
