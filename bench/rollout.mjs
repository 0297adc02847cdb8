/** From a moved branch to the new version's first answer, and back by a revert; beside it, the parts nobody can do without. */
import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../scripts/ready.mjs'
import { median, ms, ratio } from './numbers.mjs'
import { measureParts } from './parts.mjs'
import { builds, git, makePlatform, makeRepo, prepareCommit, sleep } from './platform.mjs'
import { watchPage } from './watcher.mjs'

const ROLLOUTS = 20
const NAMES = ['app.yaml', 'package.json', 'server.js']
const FILES = Object.fromEntries(NAMES.map((name) => [name, readFileSync(join(root, 'examples/hello', name), 'utf8')]))
const says = (text) => FILES['server.js'].replace('Hello from', text)

export async function bench() {
  const platform = await makePlatform({
    apps: (dir) => [{ name: 'hello', repo: makeRepo(join(dir, 'repo'), FILES), branch: 'main' }],
  })
  const repo = join(platform.dir, 'repo')
  await platform.up()
  await platform.live(git(repo, 'rev-parse', 'main'))
  const page = watchPage(platform.routerPort, 'hello.bench.localhost')
  const times = { forward: [], back: [] }
  const parts = []
  const move = async (commit, text) => {
    // From rest: the old instance has stopped by then, and what a rollout leaves for a moment later is done.
    await sleep(1_500)
    const answered = page.answered(text)
    // As git does it, but at an instant that is known: git itself would take some milliseconds to start.
    const ref = join(repo, '.git/refs/heads/main')
    writeFileSync(`${ref}.lock`, `${commit}\n`)
    const began = performance.now()
    renameSync(`${ref}.lock`, ref)
    const took = (await answered) - began
    await platform.live(commit)
    return took
  }
  try {
    for (let n = 0; n < ROLLOUTS; n++) {
      const before = git(repo, 'rev-parse', 'main')
      const change = prepareCommit(repo, before, 'server.js', says(`Change ${n} from`))
      times.forward.push(await move(change, `Change ${n} from`))
      parts.push(await measureParts(repo, change, platform.dir, NAMES))
      const revert = prepareCommit(repo, change, 'server.js', FILES['server.js'])
      times.back.push(await move(revert, 'Hello from'))
    }
    const built = await builds(
      platform.client,
      git(repo, 'rev-list', '--grep=A change', 'main')
        .split('\n')
        .filter((_, n) => n % 2 === 0),
    )
    return rows(times, parts, built)
  } finally {
    page.close()
    await platform.strike()
  }
}

function rows({ forward, back }, parts, built) {
  const live = median(forward)
  const reverted = median(back)
  const each = Object.keys(parts[0]).map((name) => [name, median(parts.map((one) => one[name]))])
  const sum = each.reduce((all, [, took]) => all + took, 0)
  return [
    {
      what: 'commit → new version answers, one-file Node app, local repository',
      target: `≤ 2× its unavoidable parts (${ms(sum)}), < 600 ms`,
      measured: ms(live),
      verdict: ratio(live, sum),
      ok: live <= 2 * sum && live < 600,
      how: [
        `Median of ${ROLLOUTS} rollouts. The commit object exists beforehand; the clock runs from the instant the branch moves to the end of the`,
        'first answer of the new version through the router, asked for every 2 ms over one kept connection. The build is in it.',
        `The unavoidable parts, medians of as many runs in between, on the same machine, without trimtab: ${each.map(([name, took]) => `${name} ${ms(took)}`).join(', ')}.`,
        `Slowest rollout: ${ms(Math.max(...forward))}.`,
      ].join(' '),
    },
    {
      what: 'revert → old version answers',
      target: '≤ 300 ms, 0 builds',
      measured: `${ms(reverted)}, ${built} builds`,
      verdict: ratio(reverted, 300),
      ok: reverted <= 300 && built === 0,
      how: `Median of ${ROLLOUTS} reverts, each of the change before it; clock and client as above. Builds are counted as \`BuildStarted\` events of those commits. Slowest revert: ${ms(Math.max(...back))}.`,
    },
  ]
}
