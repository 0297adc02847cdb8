/** Carries a terminal's input to a container, and the container's output to the terminal; as fast as the slower side of each. */
import type { Duplex } from 'node:stream'
import type { Terminal } from '../../ports.ts'
import { createFrames } from './frames.ts'

/** What a person's end of input is to a program at a terminal (^D, termios(3), VEOF). */
const END_OF_INPUT = '\x04'

/** Resolves when there is no more output; throws if the connection breaks. */
export async function pump(connection: Duplex, terminal: Terminal): Promise<void> {
  const unpipe = feed(connection, terminal)
  const isTty = terminal.tty !== undefined
  const frames = createFrames()
  try {
    for await (const chunk of connection) {
      if (isTty) await written(terminal.stdout, chunk)
      else for (const { output, bytes } of frames(chunk)) await written(terminal[output], bytes)
    }
  } finally {
    unpipe()
    connection.destroy()
  }
}

function feed(connection: Duplex, { stdin, tty }: Terminal): () => void {
  connection.on('error', () => {}) // it does not read any more; whoever reads from it is told
  if (!stdin) return () => {}
  const ended = () => {
    if (tty && connection.writable) connection.write(END_OF_INPUT)
    else connection.end()
  }
  stdin.pipe(connection, { end: false })
  stdin.once('end', ended)
  return () => {
    stdin.off('end', ended)
    stdin.unpipe(connection)
  }
}

/** Resolves when there is room for more, or nobody there to take it. */
function written(to: NodeJS.WritableStream, bytes: Buffer): Promise<void> {
  return new Promise((resolve) => {
    if (!to.writable) return resolve()
    if (to.write(bytes)) return resolve()
    const done = () => {
      for (const event of ['drain', 'close', 'error']) to.off(event, done)
      resolve()
    }
    for (const event of ['drain', 'close', 'error']) to.once(event, done)
  })
}
