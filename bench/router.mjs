/** The router's throughput, against the bare echo server that is behind it. */
import { fork } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { createEmbeddedRouter } from '../dist/router/embedded/index.js'
import { placeOf, readRecord } from '../dist/router/embedded/place.js'
import { root } from '../scripts/ready.mjs'
import { median } from './numbers.mjs'
import { freePort } from './platform.mjs'
import { cpuOver } from './processor.mjs'

const ROUNDS = 7
const MS = 1_500
const CONNECTIONS = 50

export async function bench() {
  const state = mkdtempSync(join(tmpdir(), 'trimtab-bench-'))
  const port = await freePort()
  const router = createEmbeddedRouter({ state, listen: { host: '127.0.0.1', port } })
  const echo = fork(join(root, 'bench/echo.mjs'))
  const origin = await new Promise((resolve) => echo.once('message', resolve))
  const host = 'hello.bench.localhost'
  const route = { host, path: '/', stripPrefix: false, process: 'web', servers: [{ host: '127.0.0.1', port: origin }] }
  try {
    await router.ensure()
    await router.write({ app: 'hello', routes: [route] })
    const bare = { at: origin, pid: echo.pid, rates: [], costs: [] }
    const routed = { at: port, pid: readRecord(placeOf(state)).pid, rates: [], costs: [] }
    let failed = 0
    for (let n = -1; n < ROUNDS; n++) {
      for (const { at, pid, rates, costs } of [bare, routed]) {
        let result
        const spent = await cpuOver(pid, async () => {
          result = await hammer({ port: at, host, connections: CONNECTIONS, ms: MS })
        })
        failed += result.failed
        // The first round is for the code to be compiled.
        if (n < 0) continue
        rates.push(result.perSecond)
        costs.push((spent * 1e6) / result.answered)
      }
    }
    return [row(bare, routed, failed)]
  } finally {
    await router.stop()
    echo.disconnect()
    rmSync(state, { recursive: true, force: true })
  }
}

function hammer(options) {
  const child = fork(join(root, 'bench/hammer.mjs'), [JSON.stringify(options)])
  return new Promise((resolve, reject) => {
    child.once('message', resolve)
    child.once('exit', (code) => reject(new Error(`the client ended (${code})`)))
  })
}

function row(bare, routed, failed) {
  const [bareRate, rate] = [bare, routed].map(({ rates }) => median(rates))
  const [bareCost, cost] = [bare, routed].map(({ costs }) => `${median(costs).toFixed(1)} µs`)
  return {
    what: "router against Node's bare `http` echo behind the same client",
    target: '≥ 0.5 of its requests/s',
    measured: `${Math.round(rate)} of ${Math.round(bareRate)} requests/s`,
    verdict: `${(rate / bareRate).toFixed(2)}${failed > 0 ? `, ${failed} failed` : ''}`,
    ok: rate >= 0.5 * bareRate && failed === 0,
    how: `The same echo server is asked directly and through the router (three processes on ${cpus().length} cores: client, router, server), in turns, ${ROUNDS} times each for ${MS / 1000} s after one round to warm up; medians. ${CONNECTIONS} kept connections, one request at a time on each. A request costs the server ${bareCost} of processor time when it is asked directly, and the router ${cost}: it receives and sends each request and each answer, where the server does half of that. Requests that failed: ${failed}.`,
  }
}
