import type { Terminal } from '../ports.ts'

/** Does something with the terminal that this command was started from, and leaves it as it was. */
export async function withTerminal<T>(
  use: (terminal: Terminal) => Promise<T>,
  signal = new AbortController().signal,
): Promise<T> {
  const { stdin, stdout, stderr } = process
  const { tty, restore } = terminalOf(stdin, stdout)
  return use({ stdin, stdout, stderr, signal, ...(tty && { tty }) }).finally(restore)
}

/** Where a person sits at both ends, each key is passed on as it is struck, Ctrl-C too: the command's own terminal makes something of it. */
function terminalOf(stdin: NodeJS.ReadStream, stdout: NodeJS.WriteStream): { tty: Terminal['tty']; restore(): void } {
  if (!stdin.isTTY || !stdout.isTTY) return { tty: undefined, restore() {} }
  stdin.setRawMode(true)
  const size = () => ({ columns: stdout.columns || 80, rows: stdout.rows || 24 })
  return {
    tty: {
      onSize(resized) {
        resized(size())
        stdout.on('resize', () => resized(size()))
      },
    },
    restore: () => void stdin.setRawMode(false),
  }
}
