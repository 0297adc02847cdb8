/** A command inside of a running instance: with its environment, its user, its limits. */
import type { Duplex } from 'node:stream'
import type { Exec } from 'dockerode'
import { type Engine, isMissing, Refusal } from '../../engine/engine.ts'
import { TrimtabError } from '../../errors.ts'
import type { Terminal } from '../../ports.ts'
import { keepSize } from './attached.ts'
import { insideOf } from './container.ts'
import type { Recorded } from './labels.ts'
import { pump } from './pump.ts'

/** Marks what belongs to one such command, in the environment that its children inherit. */
const MARK = 'TRIMTAB_EXEC'
let count = 0

/** From SIGTERM to SIGKILL, and from there to the end of waiting. */
const GRACE_MS = 5_000

/** Runs it to its end; gives its exit code. */
export async function runInside(
  engine: Engine,
  id: string,
  { name, foreign }: Recorded,
  command: string[],
  terminal: Terminal,
): Promise<number> {
  const mark = `${process.pid}-${Math.round(performance.timeOrigin)}-${++count}`
  const isTty = terminal.tty !== undefined
  const stdin = terminal.stdin !== null
  try {
    const exec = await engine.ask((docker, abortSignal) =>
      docker.getContainer(id).exec({
        Cmd: insideOf(foreign, command),
        Env: [`${MARK}=${mark}`],
        Tty: isTty,
        AttachStdin: stdin,
        AttachStdout: true,
        AttachStderr: true,
        abortSignal,
      }),
    )
    // No signal of ask()'s: it would end the connection, not the question.
    const connection: Duplex = await engine.ask(() => exec.start({ hijack: true, stdin, Tty: isTty }))
    const release = endOnAbort(engine, id, mark, terminal, connection)
    const unsize = keepSize(terminal, (size) => exec.resize(size))
    try {
      await pump(connection, terminal).catch(() => {}) // how it ended is asked next
      return await exitCode(engine, exec)
    } finally {
      unsize()
      release()
    }
  } catch (error) {
    if (isMissing(error)) throw new TrimtabError('NotFound', `${name} does not run any more.`, { cause: error })
    if (error instanceof Refusal) throw new TrimtabError('StartFailed', `In ${name}: ${error.message}.`, { cause: error })
    throw error
  }
}

/** Null, where whoever asked has gone: then its end was seen to, not seen. */
async function exitCode(engine: Engine, exec: Exec): Promise<number> {
  const { ExitCode, Running } = await engine.ask((_, abortSignal) => exec.inspect({ abortSignal }))
  return ExitCode ?? (Running ? 128 + 9 : 1)
}

/**
 * The engine ends no such command, not even when its terminal is gone. So its processes are found by their mark, and told to end,
 * by another command in the same place. An image without a shell keeps them until they end by themselves.
 */
function endOnAbort(engine: Engine, id: string, mark: string, { signal }: Terminal, connection: Duplex): () => void {
  const timers: NodeJS.Timeout[] = []
  const tell = (name: string) => void killMarked(engine, id, mark, name).catch(() => {})
  const end = () => {
    tell('TERM')
    timers.push(setTimeout(tell, GRACE_MS, 'KILL').unref())
    timers.push(setTimeout(() => connection.destroy(), 2 * GRACE_MS).unref())
  }
  signal.addEventListener('abort', end, { once: true })
  if (signal.aborted) end()
  return () => {
    for (const timer of timers) clearTimeout(timer)
    signal.removeEventListener('abort', end)
  }
}

const KILL = `for file in $(grep -ls "$1" /proc/[0-9]*/environ); do pid=\${file%/environ}; kill -"$2" "\${pid##*/}"; done`

async function killMarked(engine: Engine, id: string, mark: string, signal: string): Promise<void> {
  const command = ['/bin/sh', '-c', KILL, 'sh', `${MARK}=${mark}`, signal]
  const exec = await engine.ask((docker) => docker.getContainer(id).exec({ Cmd: command }))
  await engine.ask(() => exec.start({ Detach: true }))
}
