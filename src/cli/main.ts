/** The command line's entry: runs the program, and is the one place that decides about exit codes. */
import { CommanderError } from 'commander'
import { TrimtabError } from '../errors.ts'
import { printable } from '../text.ts'
import { createProgram } from './program.ts'

// `trimtab events | head -1`: whoever read has seen enough.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1))
}

try {
  await createProgram().parseAsync()
} catch (error) {
  process.exitCode = report(error)
}
// A paused stdin or a lingering timer must not keep a command that is done; what is written is let out first.
process.stdout.write('', () => process.stderr.write('', () => process.exit()))

function report(error: unknown): number {
  // commander has said it already: 0 is help or version, everything else is wrong usage.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
  const message = error instanceof Error ? error.message : String(error)
  const unexpected = !(error instanceof TrimtabError) && process.env.DEBUG !== undefined && error instanceof Error
  process.stderr.write(`trimtab: ${printable(unexpected ? (error.stack ?? message) : message)}\n`)
  return error instanceof TrimtabError && error.code === 'Usage' ? 2 : 1
}
