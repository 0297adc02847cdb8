/**
 * The embedded router: a process of its own, so that apps go on serving while trimtab restarts.
 * Run as `node main.js '{"routes": …}'` (see options.ts). SIGTERM stops it as POST /stop does; SIGINT and SIGHUP are the terminal's, not its.
 */
import { chmodSync, closeSync, mkdirSync, rmSync, writeSync } from 'node:fs'
import type { Server } from 'node:http'
import type { ListenOptions } from 'node:net'
import { dirname } from 'node:path'
import { identityOf } from '../identity.ts'
import { createApi } from './api.ts'
import { describe } from './describe.ts'
import { Log } from './log.ts'
import { limitsOf, type RouterOptions, readOptions, type Started } from './options.ts'
import { Origins } from './origin.ts'
import { writeRecord } from './place.ts'
import { createProxy } from './proxy.ts'
import { compile, type Table } from './table.ts'
import { RouteFiles } from './watch.ts'

const stopMs = 10_000

async function main(options: RouterOptions): Promise<void> {
  const log = new Log(options.log)
  const startedAt = new Date().toISOString()
  const limits = limitsOf(options)
  const origins = new Origins(limits.connectMs)
  let table: Table | null = null
  let revision = 0
  let data: ReturnType<typeof describe> | null = null

  const files = new RouteFiles(
    options.routes,
    () => {
      table = compile(
        files.models.map(([, model]) => model),
        origins,
      )
      revision++
      data = null
    },
    log.write,
  )
  const inForce = () => {
    data ??= describe(files.models)
    return { mark: `"${startedAt}-${revision}"`, data }
  }

  const proxy = createProxy(() => table, limits, log.write)
  let stopping = false
  const stop = (limitMs: number): void => {
    if (stopping) return
    stopping = true
    files.close()
    // Gone at once, so that the next router can take its place while this one finishes.
    api.close()
    void proxy.stop(limitMs).then(() => process.exit(0))
  }
  const { listen, version } = options
  const about = {
    version,
    pid: process.pid,
    listen,
    routes: options.routes,
    startedAt,
    startDate: startedAt,
    Version: version,
    Codename: 'trimtab',
  }
  const api = createApi({
    about,
    inForce,
    refused: () => files.refused,
    inFlight: () => origins.inFlight(),
    reload: (file) => (file === null ? files.look() : files.lookAt(file)),
    stop,
  })

  for (const signal of ['SIGINT', 'SIGHUP', 'SIGPIPE'] as const) process.on(signal, () => {})
  process.on('SIGTERM', () => stop(stopMs))
  // One exchange's fault must not end everybody's: it is written down, and the traffic goes on.
  process.on('uncaughtException', (error) => log.write('fault', String(error.stack ?? error)))
  process.on('unhandledRejection', (reason) => log.write('fault', String(reason instanceof Error ? reason.stack : reason)))

  await files.start()
  // The public address first: it decides who of two that start at the same time is the router.
  await listening(proxy.server, { host: listen.host, port: listen.port, backlog: 4096 })
  mkdirSync(dirname(options.socket), { recursive: true, mode: 0o700 })
  rmSync(options.socket, { force: true })
  await listening(api, { path: options.socket })
  chmodSync(options.socket, 0o600)
  if (options.record) writeRecord(options.record, { pid: process.pid, identity: identityOf(process.pid), socket: options.socket })
  setInterval(() => origins.expire(), 1_000)
}

function listening(server: Server, where: ListenOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(where, () => {
      server.off('error', reject)
      resolve()
    })
  })
}

function tell(fd: number | undefined, started: Started): void {
  if (fd === undefined) return
  try {
    writeSync(fd, `${JSON.stringify(started)}\n`)
    closeSync(fd)
  } catch {
    // Whoever started this is gone; that is no reason not to serve.
  }
}

// Only this user may connect to the socket, from its first moment on.
process.umask(0o077)
const options = readOptions(process.argv[2])
main(options).then(
  () => tell(options.notify, { ok: true }),
  (error: NodeJS.ErrnoException) => {
    tell(options.notify, { ok: false, code: error.code ?? '', message: error.message })
    new Log(options.log).write('start', error.message)
    process.exit(1)
  },
)
