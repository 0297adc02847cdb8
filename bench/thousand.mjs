/** What it costs to look at a thousand apps of which nothing has changed. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../scripts/ready.mjs'
import { ratio } from './numbers.mjs'
import { git, makePlatform, makeRepo, sleep } from './platform.mjs'
import { cpuOver } from './processor.mjs'

const WORKERS = 980
const WEB = 20
const PASSES = 5

/** The smallest buildpack there is: the app's own, that does nothing. */
const PACK = { 'bin/detect': '#!/bin/sh\necho Nothing\n', 'bin/compile': '#!/bin/sh\n', 'bin/release': '#!/bin/sh\necho "{}"\n' }

export async function bench() {
  const server = readFileSync(join(root, 'test/support/answering.mjs'), 'utf8')
  const platform = await makePlatform({
    apps: (dir) => {
      const repo = makeRepo(join(dir, 'repo'), {
        ...Object.fromEntries(Object.entries(PACK).map(([path, text]) => [`worker/${path}`, text])),
        'worker/Procfile': 'worker: exec sleep 1000000\n',
        'web/server.js': server,
        'web/package.json': '{"private": true, "type": "module"}\n',
      })
      git(repo, 'update-index', '--chmod=+x', ...Object.keys(PACK).map((path) => `worker/${path}`))
      git(repo, 'commit', '--quiet', '--message', 'Executable')
      const app = (kind, n) => ({ name: `${kind}-${n}`, repo, branch: 'main', path: kind })
      return [
        ...Array.from({ length: WORKERS }, (_, n) => app('worker', n)),
        ...Array.from({ length: WEB }, (_, n) => app('web', n)),
      ]
    },
  })
  try {
    await platform.up()
    await allLive(platform.client)
    await platform.live(git(join(platform.dir, 'repo'), 'rev-parse', 'main'))
    await quiet(platform.pid())
    const idle = await cpuOver(platform.pid(), () => sleep(5_000))
    const passes = []
    for (let n = 0; n < PASSES; n++) {
      passes.push(
        await cpuOver(platform.pid(), async () => {
          for await (const _ of platform.client.sync({ wait: false }));
          await quiet(platform.pid())
        }),
      )
    }
    return [row(passes, idle / 5, residentMegabytes(platform.pid()))]
  } finally {
    await platform.strike()
  }
}

/** Told by events: to ask for a thousand statuses again and again would take longer than all the rest. */
async function allLive(client) {
  const live = new Set()
  const stop = new AbortController()
  for await (const { type, app } of client.events({ limit: 50_000, follow: true, signal: stop.signal })) {
    if (type === 'RolloutSucceeded') live.add(app)
    if (live.size === WORKERS + WEB) stop.abort()
  }
}

/** Until it does next to nothing: less than a tenth of one processor, twice in a row. */
async function quiet(pid) {
  for (let calm = 0; calm < 2; ) calm = (await cpuOver(pid, () => sleep(250))) < 0.025 ? calm + 1 : 0
}

function residentMegabytes(pid) {
  return Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) / 1024
}

function row(passes, idle, resident) {
  const worst = Math.max(...passes)
  return {
    what: 'a pass over 1,000 converged apps',
    target: '< 1 s CPU, < 200 MB RSS',
    measured: `${worst.toFixed(2)} s CPU, ${Math.round(resident)} MB RSS`,
    verdict: `${ratio(worst, 1)}, ${ratio(resident, 200)}`,
    ok: worst < 1 && resident < 200,
    how: [
      `${WORKERS} apps with one worker process each (\`sleep\`) and ${WEB} web apps (Node), all of one local repository, all running. \`trimtab sync\` has git`,
      `asked for every app and every app looked at. Processor time of \`up\` (user and system, from /proc) until it is quiet again, the worst of ${PASSES} passes`,
      `(${passes.map((one) => one.toFixed(2)).join(', ')} s); resident memory after them. Between the passes it uses ${(idle * 100).toFixed(1)} % of one processor.`,
    ].join(' '),
  }
}
