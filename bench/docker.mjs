/** The same way as in rollout.mjs, over containers; beside it, the same done by hand with the docker command, in the same run. */
import { mkdirSync, mkdtempSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { get } from 'node:http'
import { join } from 'node:path'
import { root } from '../scripts/ready.mjs'
import { startEngine } from './engine.mjs'
import { median, ms, ratio } from './numbers.mjs'
import { builds, git, makePlatform, makeRepo, prepareCommit, sleep } from './platform.mjs'
import { watchPage } from './watcher.mjs'

const ROLLOUTS = Number(process.env.ROLLOUTS ?? 12)
const NAMES = ['app.yaml', 'package.json', 'server.js']
const FILES = Object.fromEntries(NAMES.map((name) => [name, readFileSync(join(root, 'examples/hello', name), 'utf8')]))
const says = (text) => FILES['server.js'].replace('Hello from', text)

export async function bench() {
  const engine = await startEngine()
  const platform = await makePlatform({
    runtime: { kind: 'docker', socket: engine.socket },
    stack: { image: engine.image },
    apps: (dir) => [{ name: 'hello', repo: makeRepo(join(dir, 'repo'), FILES), branch: 'main' }],
  })
  const repo = join(platform.dir, 'repo')
  try {
    await platform.up()
    await platform.live(git(repo, 'rev-parse', 'main'))
    const page = watchPage(platform.routerPort, 'hello.bench.localhost')
    const hand = await byHand(engine, platform.dir)
    const times = { forward: [], back: [] }
    const parts = []
    const move = async (commit, text) => {
      // From rest: what the rollout before left to be done later is done.
      await sleep(3_000)
      const answered = page.answered(text)
      const ref = join(repo, '.git/refs/heads/main')
      writeFileSync(`${ref}.lock`, `${commit}\n`)
      const began = performance.now()
      renameSync(`${ref}.lock`, ref)
      const took = (await answered) - began
      await platform.live(commit)
      return took
    }
    for (let n = 0; n < ROLLOUTS; n++) {
      const before = git(repo, 'rev-parse', 'main')
      const change = prepareCommit(repo, before, 'server.js', says(`Change ${n} from`))
      times.forward.push(await move(change, `Change ${n} from`))
      await sleep(3_000)
      parts.push(await hand.once())
      const revert = prepareCommit(repo, change, 'server.js', FILES['server.js'])
      times.back.push(await move(revert, 'Hello from'))
    }
    page.close()
    await hand.end()
    const reverts = git(repo, 'rev-list', '--grep=A change', 'main')
      .split('\n')
      .filter((_, n) => n % 2 === 0)
    return rows(times, parts, await builds(platform.client, reverts))
  } finally {
    await platform.strike()
    await engine.end()
  }
}

/** `docker cp` into a container that is there, `docker commit`, `docker run`, and its first answer. */
async function byHand({ docker, image }, scratch) {
  const dir = join(mkdtempSync(join(scratch, 'hand-')), 'app')
  mkdirSync(dir)
  for (const name of NAMES) writeFileSync(join(dir, name), FILES[name])
  await docker('network', 'create', 'hand')
  const container = await docker('create', image, 'true')
  const names = []
  return {
    async once() {
      const tag = `hand:${names.length}`
      const name = `hand-${names.length}`
      names.push(name)
      const times = {}
      const step = async (what, work) => {
        const began = performance.now()
        const result = await work()
        times[what] = performance.now() - began
        return result
      }
      await step('docker cp and commit', async () => {
        await docker('cp', dir, `${container}:/`)
        await docker('commit', container, tag)
      })
      const command = ['--network', 'hand', '--env', 'PORT=5000', '--workdir', '/app', tag, 'node', 'server.js']
      await step('docker run', () => docker('run', '--detach', '--name', name, ...command))
      // What trimtab has chosen itself, this way has to ask for: not on the clock.
      const address = await docker('inspect', '--format', '{{.NetworkSettings.Networks.hand.IPAddress}}', name)
      await step('its first answer', () => answer(address))
      await docker('rm', '--force', name)
      return times
    },
    async end() {
      await docker('rm', '--force', container)
      await docker('network', 'rm', 'hand')
    },
  }
}

async function answer(host) {
  for (;;) {
    const good = await new Promise((resolve) => {
      get({ host, port: 5000, agent: false }, (response) => {
        response.resume().on('end', () => resolve(true))
      }).on('error', () => resolve(false))
    })
    if (good) return
    await sleep(2)
  }
}

function rows({ forward, back }, parts, built) {
  const live = median(forward)
  const reverted = median(back)
  const each = Object.keys(parts[0]).map((name) => [name, median(parts.map((one) => one[name]))])
  const sum = each.reduce((all, [, took]) => all + took, 0)
  return [
    {
      what: 'Docker: commit → new version answers, one-file Node app',
      target: `≤ 1.5× the same by hand (${ms(sum)})`,
      measured: ms(live),
      verdict: ratio(live, sum),
      ok: live <= 1.5 * sum,
      how: [
        `Median of ${ROLLOUTS} rollouts on a Docker Engine of the bench's own, behind the embedded router; clock and client as above, the build in its`,
        `container included. By hand, in between, on the same engine: ${each.map(([name, took]) => `${name} ${ms(took)}`).join(', ')} (medians; the container that is`,
        `copied into is made beforehand). Slowest rollout: ${ms(Math.max(...forward))}.`,
      ].join(' '),
    },
    {
      what: 'Docker: revert → old version answers',
      target: '≤ 600 ms, 0 builds',
      measured: `${ms(reverted)}, ${built} builds`,
      verdict: ratio(reverted, 600),
      ok: reverted <= 600 && built === 0,
      how: `Median of ${ROLLOUTS} reverts, each of the change before it. Slowest revert: ${ms(Math.max(...back))}.`,
    },
  ]
}
