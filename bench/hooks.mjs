/** From a signed delivery at /hooks to the build it sets off; and what five hundred of them at once come to. */
import { fork } from 'node:child_process'
import { createHmac } from 'node:crypto'
import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { root } from '../scripts/ready.mjs'
import { collectGarbage } from './garbage.mjs'
import { median, ms, ratio } from './numbers.mjs'
import { freePort, git, makePlatform, makeRepo, prepareCommit, sleep } from './platform.mjs'
import { cpuOver } from './processor.mjs'

const APPS = 100
const DELIVERIES = 500
const WAVES = 3
const REPLAYS = 8
const SINGLES = 20
const SECRET = 'what the deliveries are signed with'
/** What comes with a push of a few commits: some 7 kB. */
const BODY = JSON.stringify(JSON.parse(readFileSync(join(root, 'test/fixtures/hooks/github/push.json'), 'utf8')).body)
const SIGNATURE = `sha256=${createHmac('sha256', SECRET).update(BODY).digest('hex')}`

/** The smallest buildpack there is: the app's own, that does nothing. */
const PACK = { 'bin/detect': '#!/bin/sh\necho Nothing\n', 'bin/compile': '#!/bin/sh\n', 'bin/release': '#!/bin/sh\necho "{}"\n' }

export async function bench() {
  const repos = mkdtempSync(join(tmpdir(), 'trimtab-bench-git-'))
  const server = fork(join(root, 'bench/githttp.mjs'), [repos])
  const gitPort = await new Promise((resolve) => server.once('message', resolve))
  const [port, inspectPort] = [await freePort(), await freePort()]
  const names = Array.from({ length: APPS }, (_, n) => `worker-${n}`)
  for (const name of names) {
    const repo = makeRepo(join(repos, name), { ...PACK, Procfile: 'worker: exec sleep 1000000\n', 'name.txt': name })
    git(repo, 'update-index', '--chmod=+x', ...Object.keys(PACK))
    git(repo, 'commit', '--quiet', '--message', 'Executable')
  }
  const platform = await makePlatform({
    http: { listen: `127.0.0.1:${port}` },
    hooks: { secret: SECRET, rate: 100_000 },
    apps: () => names.map((name) => ({ name, repo: `http://127.0.0.1:${gitPort}/${name}/.git`, branch: 'main' })),
  })
  const history = follow(platform)
  try {
    process.env.NODE_OPTIONS = `--inspect-port=127.0.0.1:${inspectPort}`
    await platform.up()
    delete process.env.NODE_OPTIONS
    await history.begin()
    await history.until('RolloutSucceeded', await heads(repos, names))
    const singles = await oneByOne(platform, history, repos, names, port)
    const waves = []
    for (let n = 0; n < WAVES; n++) waves.push(await wave(platform, history, repos, names, port, n))
    const memory = []
    for (let n = 0; n < REPLAYS; n++) memory.push(await replay(platform, names, port, inspectPort))
    return rows(singles, waves, memory)
  } finally {
    history.end()
    await platform.strike()
    if (server.connected) server.disconnect()
    rmSync(repos, { recursive: true, force: true })
  }
}

/** Milliseconds from the first byte of a delivery to the start of the build it sets off. */
async function oneByOne(platform, history, repos, names, port) {
  const took = []
  for (const name of names.slice(0, SINGLES)) {
    await quiet(platform.pid())
    const commit = change(join(repos, name), 'one')
    const began = Date.now()
    await deliver(port, name)
    await history.until('RolloutSucceeded', new Map([[name, commit]]))
    took.push(history.at(name, commit, ['BuildStarted', 'RolloutStarted']) - began)
  }
  return took
}

/** Every app has a new commit; of each, five deliveries come in, all at the same time. */
async function wave(platform, history, repos, names, port, n) {
  await quiet(platform.pid())
  const commits = new Map(names.map((name) => [name, change(join(repos, name), `wave ${n}`)]))
  const began = performance.now()
  const answers = await Promise.all(Array.from({ length: DELIVERIES }, (_, i) => deliver(port, names[i % APPS])))
  await history.until('RolloutSucceeded', commits)
  const lastMs = performance.now() - began
  await quiet(platform.pid())
  const counts = [...commits].map(([name, commit]) => history.count(name, commit, 'RolloutStarted'))
  return {
    refused: answers.filter(({ status }) => status !== 202).length,
    answers: answers.map(({ took }) => took),
    lastMs,
    live: counts.filter((count) => count > 0).length,
    twice: counts.filter((count) => count > 1).length,
  }
}

/** The same deliveries once more: every repository is asked, and has nothing new. Gives the resident memory then. */
async function replay(platform, names, port, inspectPort) {
  await Promise.all(Array.from({ length: DELIVERIES }, (_, i) => deliver(port, names[i % APPS])))
  await quiet(platform.pid())
  await collectGarbage(platform.pid(), inspectPort)
  return residentMegabytes(platform.pid())
}

function deliver(port, name) {
  const began = performance.now()
  const headers = {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(BODY),
    'x-github-event': 'push',
    'x-hub-signature-256': SIGNATURE,
  }
  return new Promise((resolve, reject) => {
    const sent = request(
      { host: '127.0.0.1', port, method: 'POST', path: `/hooks/${name}`, headers, agent: false },
      (response) => {
        response.resume().once('end', () => resolve({ status: response.statusCode, took: performance.now() - began }))
      },
    )
    sent.once('error', reject).end(BODY)
  })
}

/** A commit on main, without git starting at the instant it moves. */
function change(repo, text) {
  const commit = prepareCommit(repo, git(repo, 'rev-parse', 'main'), 'name.txt', `${text} ${repo}`)
  const ref = join(repo, '.git/refs/heads/main')
  writeFileSync(`${ref}.lock`, `${commit}\n`)
  renameSync(`${ref}.lock`, ref)
  return commit
}

async function heads(repos, names) {
  return new Map(names.map((name) => [name, git(join(repos, name), 'rev-parse', 'main')]))
}

/** What happens, as it is told. */
function follow({ client }) {
  const stop = new AbortController()
  const events = new Map()
  const wakes = new Set()
  const of = (app, commit) => events.get(`${app} ${commit}`) ?? []
  return {
    async begin() {
      const stream = client.events({ limit: 50_000, follow: true, signal: stop.signal })
      void (async () => {
        for await (const { app, commit, type, at } of stream) {
          const key = `${app} ${commit}`
          events.set(key, [...(events.get(key) ?? []), { type, at: Date.parse(at) }])
          for (const wake of wakes) wake()
        }
      })().catch(() => {})
    },
    async until(type, commits) {
      const missing = () => [...commits].filter(([app, commit]) => !of(app, commit).some((one) => one.type === type))
      const deadline = Date.now() + 120_000
      while (missing().length > 0) {
        if (Date.now() > deadline) throw new Error(`no ${type} of ${missing().map(([app]) => app)}`)
        await new Promise((resolve) => {
          const timer = setTimeout(done, 250)
          wakes.add(done)
          function done() {
            clearTimeout(timer)
            wakes.delete(done)
            resolve()
          }
        })
      }
    },
    at: (app, commit, types) => of(app, commit).find(({ type }) => types.includes(type)).at,
    count: (app, commit, type) => of(app, commit).filter((one) => one.type === type).length,
    end: () => stop.abort(),
  }
}

/** Until it does next to nothing: less than a tenth of one processor, twice in a row. */
async function quiet(pid) {
  for (let calm = 0; calm < 2; ) calm = (await cpuOver(pid, () => sleep(250))) < 0.025 ? calm + 1 : 0
}

function residentMegabytes(pid) {
  return Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) / 1024
}

function rows(singles, waves, memory) {
  const typical = median(singles)
  const answers = waves.flatMap((one) => one.answers)
  const lost = waves.reduce((sum, one) => sum + one.refused + APPS - one.live, 0)
  const twice = waves.reduce((sum, one) => sum + one.twice, 0)
  const half = memory.length / 2
  const grown = median(memory.slice(half)) - median(memory.slice(0, half))
  return [
    {
      what: 'webhook received → build or rollout started',
      target: '≤ 100 ms',
      measured: ms(typical),
      verdict: ratio(typical, 100),
      ok: typical <= 100,
      how: [
        `Median of ${SINGLES} deliveries to as many apps on a platform of ${APPS}: from before the first byte is sent to the time of the \`BuildStarted\` event. In it:`,
        'the answer, the question for refs and the fetch, over http from `git http-backend` (which starts a process for each request), reading the commit, and its',
        `build key. Slowest: ${ms(Math.max(...singles))}.`,
      ].join(' '),
    },
    {
      what: `${DELIVERIES} webhooks at once for ${APPS} apps`,
      target: 'each app reconciled, none twice for the same commit, memory flat',
      measured: `${lost} lost, ${twice} twice, ${grown > 0 ? '+' : ''}${grown.toFixed(1)} MB`,
      verdict: `answered in ${ms(median(answers))}`,
      ok: lost === 0 && twice === 0 && grown < 5,
      how: [
        `${APPS} apps with one worker process each (\`sleep\`), each of a repository of its own, on one http host. Each gets a new commit, and ${DELIVERIES / APPS} deliveries of it; all`,
        `${DELIVERIES} are sent at the same time, over a connection each. \`RolloutStarted\` events are counted for every app and commit. ${WAVES} times; all ${APPS} were built and live after`,
        `${waves.map(({ lastMs }) => (lastMs / 1000).toFixed(1)).join(', ')} s. Answers take ${ms(median(answers))} in the median, ${ms(Math.max(...answers))} at most. Then the same ${DELIVERIES} deliveries ${REPLAYS} times more,`,
        `with nothing new: resident memory of \`up\` after each and a garbage collection, ${memory.map((megabytes) => megabytes.toFixed(0)).join(', ')} MB; growth is`,
        'the median of the second half against that of the first.',
      ].join(' '),
    },
  ]
}
