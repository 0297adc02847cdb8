/** What runs instances. */
import type { Instance, InstanceSpec, Listen, Stop, Usage } from '../domain.ts'

/** Where a one-off's terminal goes. */
export interface Terminal {
  stdin: NodeJS.ReadableStream | null
  stdout: NodeJS.WritableStream
  stderr: NodeJS.WritableStream
  /** Ends the one-off (SIGTERM, then SIGKILL) when aborted. */
  signal: AbortSignal
  /** Present: it is a person's. Calls `resized` at once with its size, and at every change. Runtimes without terminals take no note of it. */
  tty?: { onSize(resized: (size: { columns: number; rows: number }) => void): void }
}

export interface LogLine {
  at: number | null
  instance: string
  line: string
}

export interface Runtime {
  /** All instances of this app, running or ended and not yet removed. Throws RuntimeUnavailable if it cannot be read. */
  list(app: string): Promise<Instance[]>
  /** Apps that have at least one instance, also those no longer declared. */
  apps(): Promise<string[]>
  /**
   * Starts an instance; resolves as soon as it is started, not when it is ready. Idempotent by name: one that exists is left alone.
   * `avoid`: addresses that a route file still names; none of them is given to the new instance.
   * Errors: StartFailed, NoPort, DiskFull (retry).
   */
  start(spec: InstanceSpec, avoid: Listen[]): Promise<Instance>
  /** Sends the stop signal to the whole group and arms SIGKILL for after the timeout; resolves at once. Idempotent, survives a restart of trimtab. */
  stop(name: string, stop: Stop): Promise<void>
  /** Forgets an exited instance (its log stays for a while). Nothing happens if there is none. Throws for one that runs. */
  remove(name: string): Promise<void>
  /** Runs a one-off attached to a terminal; resolves with its exit code (128 + n for signal n). It does not outlive trimtab. */
  run(spec: InstanceSpec, terminal: Terminal): Promise<number>
  /** Runs a command inside of a running instance; resolves with its exit code. Throws Usage where this runtime cannot. */
  exec(app: string, name: string, command: string[], terminal: Terminal): Promise<number>
  /** What the running instances of an app use; [] where this runtime cannot tell. Takes a moment: it is measured. */
  usage(app: string): Promise<Usage[]>
  /** The last `lines` lines of one instance's output. Also for a removed instance while its log is kept. [] if there is none. */
  tail(app: string, name: string, lines: number): Promise<string[]>
  /** Output of all instances of an app: the last `lines` of each, then, if follow, what comes, until aborted. New instances are picked up. */
  logs(app: string, options: { process?: string; lines: number; follow: boolean; signal: AbortSignal }): AsyncIterable<LogLine>
  /** Called when something of this app may have changed: "look again". */
  onChange(changed: (app: string) => void): void
  /** Stops watching. What runs goes on. */
  close(): Promise<void>
}
