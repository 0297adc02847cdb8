/** Asking an http repository whether it moved: as trimtab asks, and as `git ls-remote` does. */
import { execFile, fork } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { createGitSource } from '../dist/source/source.js'
import { root } from '../scripts/ready.mjs'
import { ms } from './numbers.mjs'
import { makeRepo } from './platform.mjs'

const POLLS = 500
const SPAWNS = 100

export async function bench() {
  const dir = mkdtempSync(join(tmpdir(), 'trimtab-bench-'))
  makeRepo(join(dir, 'repos/hello'), { 'server.js': '' })
  const server = fork(join(root, 'bench/githttp.mjs'), [join(dir, 'repos')])
  const port = await new Promise((resolve) => server.once('message', resolve))
  const repo = `http://127.0.0.1:${port}/hello/.git`
  const source = createGitSource({ state: join(dir, 'state') })
  const app = { name: 'hello', repo, branch: 'main', path: '' }
  try {
    // The first look fetches; some more, so that the code is compiled, as it is in a process that has been polling for a while.
    for (let n = 0; n < 50; n++) await source.look(app)
    const poll = await cpuOf(POLLS, () => source.look(app))
    const spawned = await cpuOf(SPAWNS, () => promisify(execFile)('git', ['ls-remote', repo, 'refs/heads/main']))
    return [row(poll, spawned)]
  } finally {
    await source.close()
    server.disconnect()
    rmSync(dir, { recursive: true, force: true })
  }
}

/** Milliseconds of processor time each, of this process and of the children that have ended. */
async function cpuOf(times, work) {
  const before = spent()
  for (let n = 0; n < times; n++) await work()
  return (spent() - before) / times
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

function row(poll, spawned) {
  return {
    what: 'one poll of an unchanged http repository',
    target: '≥ 10× less CPU than spawning `git ls-remote`',
    measured: `${poll.toFixed(2)} ms against ${ms(spawned)}`,
    verdict: `${(spawned / poll).toFixed(0)}× less`,
    ok: spawned >= 10 * poll,
    how: `Processor time (user and system) of the asking process and its children; \`git http-backend\` on loopback answers, and its time is not counted. Means of ${POLLS} polls through \`src/source\`, and of ${SPAWNS} spawned \`git ls-remote <url> refs/heads/main\`.`,
  }
}
