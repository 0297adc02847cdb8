/**
 * One-offs with somebody at their terminal. They do not outlive the platform: with it they lose their terminal, and what is left of
 * them is cleared away by the next (tend.ts).
 */
import type { Duplex } from 'node:stream'
import type { Container } from 'dockerode'
import type { InstanceSpec } from '../../domain.ts'
import { type Engine, isMissing } from '../../engine/engine.ts'
import { LABEL } from '../../engine/labels.ts'
import { TrimtabError } from '../../errors.ts'
import type { Terminal } from '../../ports.ts'
import { containerOf } from './container.ts'
import { pump } from './pump.ts'
import { startError } from './refusals.ts'
import { CREATE_LIMIT_MS, create, removeContainer, runsAsRoot } from './start.ts'
import type { Stops } from './stops.ts'
import { attachment } from './tend.ts'

export interface AttachTools {
  engine: Engine
  platform: string
  stops: Stops
  /** Makes sure that it is there; gives its name. */
  network(): Promise<string>
}

/** So many may be run in one release at once. */
const AT_ONCE = 100
/** One question about its end takes no longer; then it is asked again. */
const WAIT_MS = 20_000
/** What was killed and still does not end is the engine's trouble: its terminal is let go. */
const LAST_MS = 15_000

/** Runs it to its end; gives its exit code, 128 + n for signal n. */
export async function runAttached(tools: AttachTools, spec: InstanceSpec, terminal: Terminal): Promise<number> {
  if (terminal.signal.aborted) return 128 + 15
  const { engine } = tools
  const { labels, end } = attachment(tools.platform, spec.app)
  let id: string | null = null
  try {
    id = await make(tools, spec, terminal, labels)
    const container = engine.docker.getContainer(id)
    const connection = await attach(engine, container, terminal)
    const release = stopOnAbort(tools, id, spec, terminal, connection)
    try {
      await engine.ask((_, abortSignal) => container.start({ abortSignal }), CREATE_LIMIT_MS)
      const unsize = keepSize(terminal, (size) => container.resize(size))
      await pump(connection, terminal).catch(() => {}) // how it ended is asked next
      unsize()
      return await exitCode(engine, container)
    } finally {
      release()
      connection.destroy()
    }
  } catch (error) {
    throw startError(`${spec.app}: the command`, spec.app, spec.image.ref, error)
  } finally {
    if (id !== null) await removeContainer(engine, id).catch(() => {})
    end() // from now on, what may be left of it is cleared away by whoever sees it
  }
}

async function make(tools: AttachTools, spec: InstanceSpec, terminal: Terminal, owned: Record<string, string>): Promise<string> {
  const { engine, platform, network } = tools
  const [net, isRoot] = await Promise.all([network(), runsAsRoot(engine, spec)])
  const labels = { ...owned, [LABEL.process]: spec.process, [LABEL.release]: String(spec.release) }
  const attached = { stdin: terminal.stdin !== null, tty: terminal.tty !== undefined }
  const names = Array.from({ length: AT_ONCE }, (_, at) => `${spec.app}.${spec.process}.v${spec.release}.${spec.index + at}`)
  const all = [...names, ...names.map((name) => `${name}.${platform}`)]
  return create(engine, all, (name) =>
    containerOf({ ...spec, oneOff: true }, { name, labels, network: net, address: null, isRoot, attached }),
  )
}

async function attach(engine: Engine, container: Container, { stdin }: Terminal): Promise<Duplex> {
  const options = { stream: true, stdout: true, stderr: true, stdin: stdin !== null, hijack: true }
  return (await engine.ask((_, abortSignal) => container.attach({ ...options, abortSignal }))) as Duplex
}

function stopOnAbort({ stops }: AttachTools, id: string, { stop }: InstanceSpec, { signal }: Terminal, connection: Duplex) {
  let last: NodeJS.Timeout | undefined
  const end = () => {
    stops.tell(id, stop, stop.signal)
    last = setTimeout(() => connection.destroy(), Math.min(stop.timeoutMs + LAST_MS, 2 ** 31 - 1)).unref()
  }
  signal.addEventListener('abort', end, { once: true })
  if (signal.aborted) end()
  return () => {
    clearTimeout(last)
    stops.ended(id)
    signal.removeEventListener('abort', end)
  }
}

const SIZE_TRIES = 20
const SIZE_MS = 50

/** Passes a terminal's size on. The engine takes none before the program is there. */
export function keepSize({ tty }: Terminal, resize: (size: { w: number; h: number }) => Promise<unknown>): () => void {
  let latest = 0
  let over = false
  const pass = async (size: { w: number; h: number }) => {
    const mine = ++latest
    for (let tries = 1; tries <= SIZE_TRIES && mine === latest && !over; tries++) {
      if (
        await resize(size).then(
          () => true,
          () => false,
        )
      )
        return
      await new Promise((resolve) => setTimeout(resolve, SIZE_MS).unref())
    }
  }
  tty?.onSize(({ columns, rows }) => void pass({ w: columns, h: rows }))
  return () => {
    over = true
  }
}

/** Waits for its end. Output may be over before that. */
async function exitCode(engine: Engine, container: Container): Promise<number> {
  for (;;) {
    const { State: state } = await engine.ask((_, abortSignal) => container.inspect({ abortSignal }))
    if (!state.Running) return state.ExitCode
    await engine
      .ask((_, abortSignal) => container.wait({ abortSignal }), WAIT_MS)
      .catch((error) => {
        if (isMissing(error)) throw new TrimtabError('NotFound', 'Its container was removed while it ran.', { cause: error })
      })
  }
}
