/** Starts the router as a process that outlives us. */
import { spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import type { Listen } from '../../domain.ts'
import { TrimtabError } from '../../errors.ts'
import type { RouterOptions, Started } from './options.ts'
import { addressOf } from './origin.ts'

const startMs = 10_000

/** Starts it and waits until it serves, or says why not. `entry`: the compiled main.js. */
export async function launch(entry: string, options: RouterOptions): Promise<Started> {
  const log = openSync(options.log, 'a', 0o600)
  try {
    const argument = JSON.stringify({ ...options, notify: 3 })
    // A larger young generation: requests live longer than it takes to fill the default.
    const child = spawn(process.execPath, ['--max-semi-space-size=16', entry, argument], {
      // A session of its own: the terminal's signals are not for it. Nothing of our environment: no secrets, no NODE_OPTIONS.
      detached: true,
      cwd: '/',
      env: { NODE_ENV: 'production' },
      stdio: ['ignore', log, log, 'pipe'],
    })
    child.unref()
    return await new Promise<Started>((resolve) => {
      const pipe = child.stdio[3]
      let told = ''
      const end = (started: Started) => {
        clearTimeout(timer)
        pipe?.destroy()
        resolve(started)
      }
      const timer = setTimeout(
        () => end({ ok: false, code: 'ETIMEDOUT', message: `it did not start within ${startMs} ms` }),
        startMs,
      )
      pipe?.on('data', (data: Buffer) => {
        told += data.toString('utf8')
        if (told.endsWith('\n')) end(JSON.parse(told))
      })
      pipe?.on('error', () => {})
      child.on('error', (error) => end({ ok: false, code: '', message: error.message }))
      child.on('exit', (code, signal) => {
        // What it told before it ended may still be on its way.
        setImmediate(() => end({ ok: false, code: '', message: `it ended at once (${signal ?? code})` }))
      })
    })
  } finally {
    closeSync(log)
  }
}

/** Why the router could not be started, for a person. */
export function launchFailure(started: Extract<Started, { ok: false }>, listen: Listen, log: string): TrimtabError {
  const address = addressOf(listen)
  const other = `set router.listen in platform.yaml, for example router: {kind: embedded, listen: "${listen.host}:${listen.port < 1024 ? 8080 : listen.port + 1}"}`
  const message = (() => {
    switch (started.code) {
      case 'EADDRINUSE':
        return `The router cannot listen on ${address}: another program has port ${listen.port}. Stop that program, or ${other}.`
      case 'EACCES':
        return `The router may not listen on ${address}: ports below 1024 are kept for root. Allow it (sysctl net.ipv4.ip_unprivileged_port_start=${listen.port}), or ${other}.`
      case 'EADDRNOTAVAIL':
      case 'ENOTFOUND':
        return `The router cannot listen on ${address}: this machine has no such address. To change it, ${other}.`
      default:
        return `The router could not be started: ${started.message}. Its log: ${log}`
    }
  })()
  return new TrimtabError('RouterUnavailable', message, { retry: true })
}
