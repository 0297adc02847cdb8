/** Asking a thousand http repositories whether they moved, at their pace; one of them beside `git ls-remote`; and beside a dead one. */
import { execFile, fork } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { createPoller } from '../dist/source/poller.js'
import { createGitSource } from '../dist/source/source.js'
import { root } from '../scripts/ready.mjs'
import { median, ms, ratio } from './numbers.mjs'
import { makeRepo, sleep } from './platform.mjs'

const REPOSITORIES = 1000
const EVERY_MS = 30_000
const ROUNDS = 5
const SPAWNS = 100

export async function bench() {
  const dir = mkdtempSync(join(tmpdir(), 'trimtab-bench-'))
  makeRepo(join(dir, 'repos/hello'), { 'server.js': '' })
  const server = fork(join(root, 'bench/githttp.mjs'), [join(dir, 'repos')])
  const port = await new Promise((resolve) => server.once('message', resolve))
  const host = `http://127.0.0.1:${port}`
  const source = createGitSource({ state: join(dir, 'state') })
  const app = (name, path) => ({ name, repo: `${host}/${path}/.git`, branch: 'main', path: '' })
  const apps = Array.from({ length: REPOSITORIES }, (_, n) => app(`app-${n}`, `${n}/hello`))
  let looks = 0
  const poller = createPoller(source, {
    looked: (name, trouble) => {
      if (trouble && name !== 'dead') throw trouble
      looks++
    },
    event: () => {},
  })
  try {
    poller.set(apps, { everyMs: EVERY_MS })
    // The first looks fetch; so that everything is compiled and spread, as it is in a process that has been polling for a while.
    while (looks < 2 * REPOSITORIES) await sleep(100)
    looks = 0
    const spentMs = await cpuOf(() => sleep(EVERY_MS))
    const paced = { seconds: (spentMs / looks) * (REPOSITORIES / 1000), looks }
    poller.set(apps, { everyMs: 86_400_000 })
    const together = []
    for (let round = 0; round < ROUNDS; round++) {
      together.push((await cpuOf(() => Promise.all(apps.map(({ name }) => poller.look(name))))) / 1000)
    }
    const one = (await cpuOf(() => inTurn(500, () => source.look(apps[0])))) / 500
    const remote = [`${host}/hello/.git`, 'refs/heads/main']
    const spawned = (await cpuOf(() => inTurn(SPAWNS, () => promisify(execFile)('git', ['ls-remote', ...remote])))) / SPAWNS
    poller.set([...apps, app('dead', 'dead')], { everyMs: 86_400_000 })
    const waits = await Promise.all(apps.map(({ name }, n) => sleep(3 * n).then(() => waited(() => poller.look(name)))))
    return [costRow(paced, together), spawnRow(one, spawned), deadRow(waits)]
  } finally {
    poller.close()
    await source.close()
    server.disconnect()
    rmSync(dir, { recursive: true, force: true })
  }
}

async function inTurn(times, work) {
  for (let n = 0; n < times; n++) await work()
}

async function waited(work) {
  const began = performance.now()
  await work()
  return performance.now() - began
}

/** Milliseconds of processor time, of this process and of the children that have ended. */
async function cpuOf(work) {
  const before = spent()
  await work()
  return spent() - before
}

function spent() {
  const { user, system } = process.cpuUsage()
  // proc(5): cutime and cstime, in ticks of 10 ms.
  const stat = readFileSync('/proc/self/stat', 'latin1')
  const [cutime, cstime] = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .slice(13, 15)
  return (user + system) / 1000 + (Number(cutime) + Number(cstime)) * 10
}

function costRow({ seconds, looks }, together) {
  return {
    what: 'CPU for polling 1,000 unchanged http repositories once',
    target: '≤ 2 s',
    measured: `${seconds.toFixed(2)} s`,
    verdict: ratio(seconds, 2),
    ok: seconds <= 2,
    how: [
      `${REPOSITORIES.toLocaleString('en')} repositories with a mirror each, on one git server on loopback, polled every ${EVERY_MS / 1000} s by \`src/source/poller.ts\`: processor time`,
      `(user and system) of the asking process over ${EVERY_MS / 1000} s, for the ${looks} polls in it, as for ${REPOSITORIES.toLocaleString('en')}. The server is another process, and its time is not`,
      `counted, nor is the pass over each app that follows, which has a row of its own. All asked at once: ${together.map((each) => each.toFixed(2)).join(', ')} s.`,
    ].join(' '),
  }
}

function spawnRow(one, spawned) {
  return {
    what: 'one poll of an unchanged http repository',
    target: '≥ 10× less CPU than spawning `git ls-remote`',
    measured: `${one.toFixed(2)} ms against ${ms(spawned)}`,
    verdict: `${(spawned / one).toFixed(0)}× less`,
    ok: spawned >= 10 * one,
    how: `Processor time (user and system) of the asking process and its children; a git server on loopback answers, and its time is not counted. Means of 500 polls through \`src/source\`, one after the other, and of ${SPAWNS} spawned \`git ls-remote <url> refs/heads/main\`.`,
  }
}

function deadRow(waits) {
  const worst = Math.max(...waits)
  return {
    what: 'one dead repository among 1,000: the longest that any other waits',
    target: '≤ 0.5 s',
    measured: ms(worst),
    verdict: ratio(worst, 500),
    ok: worst <= 500,
    how: `The same repositories, asked one every 3 ms, on the host of one that takes the question and never answers. From the asking to the answer; the median is ${ms(median(waits))}.`,
  }
}
