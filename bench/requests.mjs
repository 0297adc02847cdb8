/** Rollout after rollout under steady traffic: whatever is not answered, and answered by the right app, is lost. */
import { fork } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../scripts/ready.mjs'
import { git, gitAsync, makePlatform, makeRepo, prepareCommit, sleep } from './platform.mjs'

const ROLLOUTS = 50
const RATE = 200
const SERVER = readFileSync(join(root, 'test/support/answering.mjs'), 'utf8')
const FILES = { 'server.js': SERVER, 'package.json': '{"private": true, "type": "module"}\n' }

export async function bench() {
  const platform = await makePlatform({
    apps: (dir) => [{ name: 'shop', repo: makeRepo(join(dir, 'repo'), FILES), branch: 'main' }],
  })
  const repo = join(platform.dir, 'repo')
  await platform.up()
  let head = git(repo, 'rev-parse', 'main')
  await platform.live(head)
  const load = startLoad({ port: platform.routerPort, targets: [{ host: 'shop.bench.localhost', app: 'shop' }], rate: RATE })
  try {
    for (let n = 1; n <= ROLLOUTS; n++) {
      // Every fifth is a revert to what was there before.
      const text = n % 5 === 0 ? `number ${n - 2}` : `number ${n}`
      head = prepareCommit(repo, head, 'server.js', SERVER.replace('the first', text))
      await gitAsync(repo, 'update-ref', 'refs/heads/main', head)
      await platform.live(head)
      // The old one is drained and stopped meanwhile.
      await sleep(100)
    }
    return [row(await load.stop())]
  } finally {
    load.kill()
    await platform.strike()
  }
}

function startLoad(options) {
  const child = fork(join(root, 'test/support/load.mjs'), [JSON.stringify(options)])
  return {
    stop: () =>
      new Promise((resolve) => {
        child.once('message', resolve)
        child.send('stop')
      }),
    kill: () => child.kill('SIGKILL'),
  }
}

function row({ asked, answered, kept, slowest, lost }) {
  return {
    what: `requests lost over ${ROLLOUTS} rollouts at a steady ${RATE} requests/s, keep-alive and not`,
    target: '0',
    measured: `${lost.length} of ${asked}`,
    verdict: lost.length === 0 ? 'none lost' : `${lost[0].problem}, …`,
    ok: lost.length === 0 && answered === asked,
    how: [
      'Open loop: a request is due when the clock says so, whether or not earlier ones were answered. Half of them over kept connections',
      `(${kept} went over one that was used before), half over a new one each; a tenth take 150 ms to answer, a fifth are POSTs. Lost is what is not`,
      `answered with 200 by the right app within 10 s. Every fifth rollout is a return to an earlier version. Slowest answer of the others: ${slowest} ms.`,
    ].join(' '),
  }
}
