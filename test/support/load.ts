/** The steady traffic of load.mjs, from a test. */
import { fork } from 'node:child_process'
import { join } from 'node:path'

export interface LoadReport {
  asked: number
  answered: number
  /** Of those answered: over a connection that was used before. */
  kept: number
  /** The longest time to an answer, in milliseconds, slow requests left out. */
  slowest: number
  lost: Array<{ at: number; host: string; kind: string; keep: boolean; problem: string; tookMs: number }>
  /** "app vN" → the commits that answers of that release named. */
  commits: Record<string, string[]>
}

/** Asks `rate` times a second through the router on `port`, until told to stop. */
export function startLoad(options: { port: number; targets: Array<{ host: string; app: string }>; rate: number }): {
  stop(): Promise<LoadReport>
} {
  const child = fork(join(import.meta.dirname, 'load.mjs'), [JSON.stringify(options)], { execArgv: [] })
  return {
    stop: () =>
      new Promise((resolve, reject) => {
        child.once('message', (report) => resolve(report as LoadReport))
        child.once('exit', (code) => reject(new Error(`the load ended by itself (${code})`)))
        if (!child.connected) reject(new Error('the load has ended before'))
        else child.send('stop', (error) => error && reject(error))
      }),
  }
}
