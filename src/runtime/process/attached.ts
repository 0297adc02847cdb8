/**
 * One-offs attached to a terminal. They run under the same launcher as instances, in a directory of their own under `runs`,
 * and do not outlive the platform: with it they lose their terminal, and at its next start what is left of them is ended.
 */
import type { ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { rmSync, writeFileSync } from 'node:fs'
import { constants } from 'node:os'
import { join } from 'node:path'
import type { InstanceSpec } from '../../domain.ts'
import type { Terminal } from '../../ports.ts'
import { signalName } from '../signals.ts'
import { environment } from './environment.ts'
import { isAlive, killAll, members } from './group.ts'
import { launch } from './launcher.ts'
import { directories } from './places.ts'
import { bootId, processTable, readProcess, signal } from './processes.ts'
import { type Held, readClaim, readExit, readText, writeStopping } from './records.ts'
import { checkHome, makeDirectory, spawned, startError } from './start.ts'

/** Runs it to its end; gives its exit code, 128 + n for signal n. */
export async function runAttached(runs: string, spec: InstanceSpec, terminal: Terminal): Promise<number> {
  const dir = join(runs, randomBytes(6).toString('hex'))
  try {
    checkHome(spec)
    const tmp = makeDirectory(dir)
    writeFileSync(join(dir, 'owner'), ownerLine(), { mode: 0o600 })
    const home = spec.image.ref
    const env = environment({ home, tmp, env: spec.env, port: null })
    const stdio = [terminal.stdin ? 'pipe' : 'ignore', 'pipe', 'pipe'] as ['pipe', 'pipe', 'pipe']
    const title = `${spec.app}-run`
    return await attach(
      await spawned(launch({ dir, tmp, home, command: spec.command, boot: bootId(), env, stdio, title })),
      dir,
      spec,
      terminal,
    )
  } catch (error) {
    throw startError(`${spec.app}: the command`, error)
  } finally {
    end(dir, true)
    rmSync(dir, { recursive: true, force: true })
  }
}

async function attach(child: ChildProcess, dir: string, spec: InstanceSpec, terminal: Terminal): Promise<number> {
  const { pid } = child
  let kill: NodeJS.Timeout | undefined
  const stop = () => {
    if (pid === undefined || child.exitCode !== null || child.signalCode !== null) return
    const name = signalName(spec.stop.signal)
    try {
      writeStopping(dir, { at: Date.now(), signal: name, timeoutMs: spec.stop.timeoutMs, sent: true, killed: false })
    } catch {
      // Only a full disk: it is stopped all the same.
    }
    signal(-pid, name)
    kill = setTimeout(() => signal(-pid, 'SIGKILL'), Math.min(spec.stop.timeoutMs, 2 ** 31 - 1))
  }
  if (terminal.stdin && child.stdin) {
    child.stdin.on('error', () => {}) // it does not read any more
    terminal.stdin.pipe(child.stdin)
  }
  child.stdout?.pipe(terminal.stdout, { end: false })
  child.stderr?.pipe(terminal.stderr, { end: false })
  terminal.signal.addEventListener('abort', stop, { once: true })
  if (terminal.signal.aborted) stop()
  try {
    const exited = new Promise<NodeJS.Signals | null>((resolve) => child.once('exit', (_code, by) => resolve(by)))
    const closed = new Promise<'closed'>((resolve) => child.once('close', () => resolve('closed')))
    const by = await exited
    end(dir, true) // what it left behind would keep the pipes open
    while ((await Promise.race([closed, later(QUIET_MS)])) !== 'closed' && !isQuiet(child)) {}
    child.stdout?.destroy()
    child.stderr?.destroy()
    return readExit(dir)?.code ?? (by === null ? (child.exitCode ?? 1) : 128 + constants.signals[by])
  } finally {
    clearTimeout(kill)
    terminal.signal.removeEventListener('abort', stop)
    if (child.stdin) terminal.stdin?.unpipe(child.stdin)
  }
}

/** Somebody whom even end() did not find holds the pipes open: when nothing comes any more, nothing will. */
const QUIET_MS = 1_000

function isQuiet({ stdout, stderr }: ChildProcess): boolean {
  // Not flowing: whoever reads the terminal is slow, and there may be more.
  return [stdout, stderr].every((one) => !one || one.readableEnded || (one.readableFlowing && one.readableLength === 0))
}

const later = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

/** Ends one-offs of a platform that is no more. */
export function endAbandoned(runs: string): void {
  for (const name of directories(runs)) {
    const dir = join(runs, name)
    const owner = held(readText(join(dir, 'owner')))
    if (owner && owner.boot === bootId() && isAlive(readProcess(owner.pid), owner)) continue
    end(dir, false)
    rmSync(dir, { recursive: true, force: true })
  }
}

/** Kills what is left of it. A launcher that has not claimed yet finds its directory gone, and yields. */
function end(dir: string, justEnded: boolean): void {
  const claim = readClaim(dir)
  const leader = claim.kind === 'held' && claim.boot === bootId() ? claim : null
  killAll(members(dir, leader, justEnded, processTable()), leader)
}

function ownerLine(): string {
  return `${process.pid} ${bootId()} ${readProcess(process.pid)?.start ?? '?'}\n`
}

function held(text: string | null): Held | null {
  const [, pid, boot, start] = /^(\d+) (\S+) (.+)\n$/.exec(text ?? '') ?? []
  return pid && boot && start ? { pid: Number(pid), boot, start } : null
}
