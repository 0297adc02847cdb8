import { spawn } from 'node:child_process'

/** One program to run, as a value. */
export interface Step {
  program: string
  args: string[]
  cwd: string
  env: Record<string, string>
}

export interface StepOptions {
  out: (chunk: Buffer) => void
  err: (chunk: Buffer) => void
  /** Called with the process group's id, before anything else can go wrong. */
  started?: (pid: number) => void
  signal: AbortSignal
  /** From SIGTERM to SIGKILL. */
  graceMs: number
}

/** How it ended; `problem` where it could not be started at all. */
export interface StepEnd {
  code: number | null
  signal: NodeJS.Signals | null
  problem?: string
}

/** How long a step's last output may take to arrive once it has exited, before what holds its output open is killed. */
const LINGER_MS = 250

/**
 * Runs one step in a process group of its own and resolves when it has ended and nothing of the group is left.
 * Aborted: SIGTERM to the group, SIGKILL after the grace. It never throws: being aborted is the caller's knowledge.
 */
export function runStep(step: Step, options: StepOptions): Promise<StepEnd> {
  return new Promise((resolve) => {
    if (options.signal.aborted) return resolve({ code: null, signal: null, problem: 'it was cancelled' })
    const child = spawn(step.program, step.args, {
      cwd: step.cwd,
      env: step.env,
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    })
    const { pid } = child
    if (pid === undefined) {
      child.once('error', (error) => resolve({ code: null, signal: null, problem: error.message }))
      return
    }
    child.on('error', () => {}) // a failed kill; there is nothing to add to it
    options.started?.(pid)
    child.stdout.on('data', options.out)
    child.stderr.on('data', options.err)

    const timers: NodeJS.Timeout[] = []
    const stop = () => {
      killGroup(pid, 'SIGTERM')
      timers.push(setTimeout(() => killGroup(pid, 'SIGKILL'), options.graceMs))
    }
    options.signal.addEventListener('abort', stop, { once: true })
    child.once('exit', () => {
      timers.push(
        setTimeout(() => {
          killGroup(pid, 'SIGKILL')
          // A process that left the group may hold the pipe open for ever; its end is not waited for.
          child.stdout.destroy()
          child.stderr.destroy()
        }, LINGER_MS),
      )
    })
    child.once('close', (code, signal) => {
      for (const timer of timers) clearTimeout(timer)
      options.signal.removeEventListener('abort', stop)
      killGroup(pid, 'SIGKILL')
      resolve({ code, signal })
    })
  })
}

function killGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal)
  } catch {
    // Nobody is left in it.
  }
}

/** `exited with 2`, `was ended by SIGKILL`. */
export function describeEnd(end: StepEnd): string {
  if (end.problem !== undefined) return `could not be run (${end.problem})`
  if (end.signal === 'SIGKILL') return 'was ended by SIGKILL, perhaps for want of memory'
  return end.signal === null ? `exited with ${end.code}` : `was ended by ${end.signal}`
}
