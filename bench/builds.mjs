/** What a build of an app with dependencies costs: again with the same lock file, and beside the same commands by hand. */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runnerImport } from 'vite'
import { createContainerBuilder } from '../dist/build/container/builder.js'
import { createEngine } from '../dist/engine/engine.js'
import { createGitSource } from '../dist/source/source.js'
import { root } from '../scripts/ready.mjs'
import { startEngine } from './engine.mjs'
import { median, ms } from './numbers.mjs'
import { git, makeRepo } from './platform.mjs'

const RUNS = Number(process.env.RUNS ?? 3)
const PLATFORM = 'bench'
/** Nobody commits sooner than so many milliseconds after a build; what is done meanwhile is part of trimtab. */
const PAUSE_MS = 2000

/** `changes`: a line of this file is changed for the second build. `byHand`: what the buildpack has to call in any case. */
const APPS = {
  nodejs: {
    example: 'nodejs-build',
    changes: 'src/server.ts',
    comment: '//',
    byHand: 'npm ci --include=dev && npm run build && npm prune --omit=dev',
  },
  python: {
    example: 'flask',
    changes: 'app.py',
    comment: '#',
    byHand: 'python3 -m venv .venv && .venv/bin/pip install -r requirements.txt',
  },
  'python, Django': {
    example: 'django',
    changes: 'mysite/urls.py',
    comment: '#',
    byHand:
      'python3 -m venv .venv && .venv/bin/pip install -r requirements.txt && .venv/bin/python manage.py collectstatic --noinput',
  },
}

export async function bench() {
  const engine = await startEngine()
  const dir = mkdtempSync(join(tmpdir(), 'trimtab-bench-'))
  const { module } = await runnerImport(join(root, 'test/support/registries.ts'))
  const registries = module.packageRegistries()
  const source = createGitSource({ state: join(dir, 'state') })
  const builder = createContainerBuilder({
    engine: createEngine(engine.socket),
    platform: PLATFORM,
    stack: engine.image,
    registries: {},
    state: join(dir, 'state'),
    source,
    builds: { concurrency: 1, timeoutMs: 600_000, ...registries },
    buildpacksDir: join(root, 'buildpacks'),
  })
  const rows = []
  try {
    for (const [name, app] of Object.entries(APPS))
      rows.push(...(await measure(name, app, { engine, dir, registries, source, builder })))
  } finally {
    await builder.close()
    await source.close()
    await engine.end()
    rmSync(dir, { recursive: true, force: true })
  }
  return rows
}

async function measure(name, { example, changes, comment, byHand }, { engine, dir, registries, source, builder }) {
  const repo = makeRepo(join(dir, example), { '.gitattributes': '' })
  cpSync(join(root, 'examples', example), repo, { recursive: true })
  const commit = (message) => {
    git(repo, 'add', '--all')
    git(repo, 'commit', '--quiet', '--message', message)
    return git(repo, 'rev-parse', 'main')
  }
  const line = (text) => writeFileSync(join(repo, changes), `${readFileSync(join(repo, changes), 'utf8')}\n${comment} ${text}\n`)
  const first = commit('The example')
  line('one line more')
  const second = commit('One line')
  line('and another')
  const third = commit('Another line')

  const times = { first: [], second: [], third: [], hand: [] }
  let sizes
  for (let run = 0; run < RUNS; run++) {
    // A cache of its own for each run, and a key: an app's name is in none.
    const app = { name: `${example}-${run}`, repo, branch: 'main', path: '' }
    const settings = { env: { RUN: String(run) } }
    await source.look(app)
    const hand = await handMade(engine, repo, first, byHand, registries)
    times.hand.push(hand.took)
    const built = await build(builder, { app, commit: first, settings })
    times.first.push(built.durationMs)
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS))
    times.second.push((await build(builder, { app, commit: second, settings })).durationMs)
    times.third.push((await build(builder, { app, commit: third, settings })).durationMs)
    sizes = { image: await added(engine, built.image.ref), hand: hand.bytes }
  }
  return rows(name, example, byHand, times, sizes)
}

async function build(builder, request) {
  const plan = await builder.plan(request)
  const ended = new Promise((resolve, reject) => {
    builder.onChange((one, state) => {
      if (one.key !== plan.key) return
      if (state.state === 'succeeded') resolve(state)
      if (state.state === 'failed') reject(new Error(`${state.failure.code}: ${state.failure.message}`))
    })
  })
  builder.want(request.app.name, plan)
  return ended
}

/** The commands alone, in a container of the stack with the app in it; and how large the folder is then. */
async function handMade({ docker, image }, repo, commit, command, { env, ca }) {
  const variables = {
    ...env,
    HOME: '/tmp',
    ...(ca && { NODE_EXTRA_CA_CERTS: '/tmp/ca.pem', npm_config_cafile: '/tmp/ca.pem', PIP_CERT: '/tmp/ca.pem' }),
  }
  const flags = Object.entries(variables).flatMap(([key, value]) => ['--env', `${key}=${value}`])
  const container = await docker('run', '--detach', '--user', '1000:1000', '--workdir', '/app', ...flags, image, 'sleep', '600')
  const tree = mkdtempSync(join(tmpdir(), 'trimtab-hand-'))
  try {
    git(repo, `--work-tree=${tree}`, 'checkout', '--quiet', commit, '--', '.')
    git(repo, 'reset', '--quiet', '--hard')
    await docker('cp', `${tree}/.`, `${container}:/app`)
    if (ca) await docker('cp', ca, `${container}:/tmp/ca.pem`)
    await docker('exec', '--user', '0', container, 'chown', '-R', '1000:1000', '/app')
    const began = performance.now()
    await docker('exec', container, 'bash', '-c', command)
    const took = performance.now() - began
    return { took, bytes: Number((await docker('exec', container, 'du', '-sb', '/app')).split('\t')[0]) }
  } finally {
    await docker('rm', '--force', container)
    rmSync(tree, { recursive: true })
  }
}

async function added({ docker, image }, reference) {
  const size = async (one) => Number(await docker('inspect', '--format', '{{.Size}}', one))
  return (await size(reference)) - (await size(image))
}

function rows(name, example, byHand, times, sizes) {
  const [first, second, third, hand] = [times.first, times.second, times.third, times.hand].map(median)
  const over = first - hand
  const allowed = Math.max(0.15 * hand, 500)
  const megabytes = (bytes) => `${(bytes / 1e6).toFixed(1)} MB`
  return [
    {
      what: `second build of the ${name} example, one source line changed, lock file the same`,
      target: '≤ 0.25 of the first',
      measured: `${ms(second)} after ${ms(first)}`,
      verdict: `${(second / first).toFixed(2)}×`,
      ok: second <= 0.25 * first,
      how: `\`examples/${example}\` in containers, from the start of the build to its image: medians of ${RUNS} runs, each with a cache of its own that is empty at first. The second is asked for ${PAUSE_MS / 1000} s after the first: by then a container waits for the app's next build. A third one, of one more line, asked for at once after the second, has none and takes ${ms(third)}. Slowest first build ${ms(Math.max(...times.first))}, slowest second ${ms(Math.max(...times.second))}.`,
    },
    {
      what: `${name}: a first build over the same commands by hand`,
      target: '≤ 15 % or 0.5 s more',
      measured: `${ms(first)} against ${ms(hand)}`,
      verdict: `${over >= 0 ? '+' : '−'}${ms(Math.abs(over))}`,
      ok: over <= allowed,
      how: `By hand: \`${byHand}\` in a container of the stack that runs already, with the app in it, in the same run and in turns; medians. In trimtab's are the container's start, the app's way into it and the image.`,
    },
    {
      what: `${name}: image over the stack`,
      target: 'the app and its packages',
      measured: `${megabytes(sizes.image)}; by hand /app has ${megabytes(sizes.hand)}`,
      verdict: `${(sizes.image / sizes.hand).toFixed(2)}×`,
      ok: sizes.image <= 1.02 * sizes.hand + 64 * 1024,
      how: `What the engine says of the image's size, less the stack's; and \`du -sb /app\` after the commands by hand.`,
    },
  ]
}
