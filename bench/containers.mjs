/** What it costs to look at three hundred containers of which nothing has changed. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { startEngine, tap } from './engine.mjs'
import { ratio } from './numbers.mjs'
import { git, makePlatform, makeRepo, sleep } from './platform.mjs'
import { cpuOver } from './processor.mjs'

const APPS = 30
const EACH = 10
const PASSES = 5

/** The smallest buildpack there is: the app's own, that does nothing. */
const PACK = { 'bin/detect': '#!/bin/sh\necho Nothing\n', 'bin/compile': '#!/bin/sh\n', 'bin/release': '#!/bin/sh\necho "{}"\n' }

export async function bench() {
  const engine = await startEngine()
  let line
  const platform = await makePlatform({
    runtime: { kind: 'docker', socket: '' },
    stack: { image: engine.image },
    apps: (dir) => {
      const repo = makeRepo(join(dir, 'repo'), {
        ...PACK,
        Procfile: 'worker: exec sleep 1000000\n',
        'app.yaml': `processes: {worker: {scale: ${EACH}, stop: {timeout: 1s}}}\n`,
      })
      git(repo, 'update-index', '--chmod=+x', ...Object.keys(PACK))
      git(repo, 'commit', '--quiet', '--message', 'Executable')
      return Array.from({ length: APPS }, (_, n) => ({ name: `worker-${n}`, repo, branch: 'main' }))
    },
    configure(file, dir) {
      file.runtime.socket = join(dir, 'tap.sock')
    },
  })
  try {
    line = await tap(join(platform.dir, 'tap.sock'), engine.socket)
    await platform.up()
    await platform.live(git(join(platform.dir, 'repo'), 'rev-parse', 'main'), 600_000)
    await quiet(platform.pid())
    await calm(line.asked)
    const passes = []
    for (let n = 0; n < PASSES; n++) passes.push(await pass(platform, line))
    return [...rows(passes, residentMegabytes(platform.pid()))]
  } finally {
    await platform.strike()
    line?.close()
    await engine.end()
  }
}

/** All that the engine is asked from a `sync` of every app until nothing is left to do: what the clock alone asks meanwhile is in it. */
async function pass({ client, pid }, { asked }) {
  const before = asked.length
  const cpu = await cpuOver(pid(), async () => {
    for await (const _ of client.sync({ wait: false }));
    await quiet(pid())
  })
  return { cpu, requests: asked.slice(before) }
}

async function quiet(pid) {
  for (let calm = 0; calm < 2; ) calm = (await cpuOver(pid, () => sleep(250))) < 0.05 ? calm + 1 : 0
}

/** Until old images have been looked for, as after every rollout: nothing but containers, and that seldom, for three seconds. */
async function calm(asked) {
  const others = () => asked.filter((request) => request.includes('/images/') || request.includes('build')).length
  for (let before = -1, count = others(); count !== before; count = others()) {
    before = count
    await sleep(3_000)
  }
}

function residentMegabytes(pid) {
  return Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) / 1024
}

function rows(passes, resident) {
  const worst = Math.max(...passes.map(({ requests }) => requests.length))
  const total = APPS * EACH
  return [
    {
      what: `Docker: a pass over ${total} running containers`,
      target: '≤ 3 engine requests',
      measured: `${worst} requests, ${Math.max(...passes.map(({ cpu }) => cpu)).toFixed(2)} s CPU`,
      verdict: ratio(worst, 3),
      ok: worst <= 3,
      how: `${APPS} apps with ${EACH} instances each (\`sleep\`), all of them looked at by one \`trimtab sync\`. Requests are counted by a tap between trimtab and the engine, until it is quiet again; the worst of ${PASSES} passes (${passes.map(({ requests }) => requests.length).join(', ')}). Among them are those that the clock asks for anyway, about one in 1.5 s.`,
    },
    {
      what: `Docker: memory of trimtab with ${total} containers`,
      target: '< 200 MB RSS',
      measured: `${Math.round(resident)} MB RSS`,
      verdict: ratio(resident, 200),
      ok: resident < 200,
      how: 'Resident memory of `up` after those passes.',
    },
  ]
}
