import { execFile, execFileSync } from 'node:child_process'
import { mkdirSync, symlinkSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
// @ts-expect-error a part of the buildpack, plain JavaScript
import { satisfies } from '../../buildpacks/nodejs/lib/range.mjs'
import type { Tree } from '../support/dirsource.ts'
import { onlyWithRegistry } from './registry.ts'
import { failureOf, imageOf, world } from './world.ts'

const json = (value: unknown) => JSON.stringify(value, null, 2)

async function built(tree: Tree, env: Record<string, string> = {}) {
  const w = await world()
  const plan = await w.plan(tree, { settings: { env } })
  const end = await w.build(plan)
  return { ...w, plan, end, text: await w.log(plan) }
}

async function webOf(tree: Tree): Promise<string | undefined> {
  return imageOf((await built(tree)).end).processTypes.web
}

test.each<[string, Tree, string | undefined]>([
  [
    'the start script, without npm',
    { 'package.json': json({ scripts: { start: 'node app.js --port $PORT' } }) },
    'node app.js --port $PORT',
  ],
  ['quotes and braces', { 'package.json': json({ scripts: { start: `node -e "({})" '}' \\n` } }) }, `node -e "({})" '}' \\n`],
  ['hooks around it need npm', { 'package.json': json({ scripts: { start: 'node a.js', prestart: 'echo' } }) }, 'npm start'],
  ['npm’s variables need npm', { 'package.json': json({ scripts: { start: 'node a.js $npm_package_name' } }) }, 'npm start'],
  ['npm’s default', { 'package.json': '{}', 'server.js': '' }, 'node server.js'],
  ['no package.json at all', { 'server.js': '' }, 'node server.js'],
  ['nothing to start', { 'package.json': '{"name": "x"}', Procfile: 'worker: node x.js\n' }, undefined],
  ['a start that is not a script', { 'package.json': json({ config: { start: 'no' }, name: 'start' }) }, undefined],
  ['a start below another scripts', { 'package.json': json({ nyc: { a: { scripts: { start: 'no' } } } }) }, undefined],
  ['an empty start', { 'package.json': json({ scripts: { start: ' ' } }), 'server.js': '' }, 'node server.js'],
])('web: %s', async (_, tree, web) => {
  expect(await webOf(tree)).toBe(web)
})

/** The facts as bash reads them and as node does: where the quick way answers at all, both must say the same. */
test('the quick reading of package.json never differs from the true one', async () => {
  const packages = [
    '{}',
    ' {\n}\n',
    '{"name":"x"}',
    json({
      name: 'x',
      version: '1.0.0',
      private: true,
      type: 'module',
      scripts: { start: 'node a.js', test: 'vitest' },
      keywords: ['a', 'b'],
    }),
    json({ scripts: { start: 'a } b' } }),
    json({ scripts: { test: 'x}', start: 'a' } }),
    json({ scripts: { test: '{', start: 'a' } }),
    json({ scripts: {}, author: { name: 'scripts', start: 'no' } }),
    json({ scripts: { 'start:dev': 'no' } }),
    json({ description: 'a "scripts": {"start": "no"} in text' }),
    json({ files: ['scripts', 'start'], scripts: { start: 'yes' } }),
    json({ scripts: { start: 'tab\there' } }),
    json({ scripts: { start: 'umlaut ü' } }),
    json({ dependencies: {}, scripts: { start: 'x' } }),
    json({ a: 1, b: -2, c: null, d: [true, false], scripts: { start: 'x' } }),
    json({ scripts: 'start' }),
    '{"scripts": {"start": "a"}, }',
    '{"scripts": {"start": "a"}',
    '{scripts: {"start": "a"}}',
    '{"a": 01, "scripts": {"start": "a"}}',
    '[]',
    'null',
    '"text"',
    '',
  ]
  const script = `
    . "$1/../lib/log.sh"; . "$1/lib/facts.sh"; pack_dir=$1; cd "$2"
    json=$(< package.json); quick=no
    if is_plain "$json"; then quick=yes; fi
    if [ "$3" = quick ]; then [ $quick = yes ] || { echo slow; exit; }; read_facts; else read_with_node; [ -n "$web" ] || web=; fi
    echo "web=$web dev=$has_dev deps=$has_dependencies build=$build"`
  const w = await world()
  const run = promisify(execFile)
  const facts = (dir: string, how: string) =>
    run('bash', ['-c', script, 'facts', join(import.meta.dirname, '../../buildpacks/nodejs'), dir, how]).then(
      ({ stdout }) => stdout,
      () => 'invalid\n',
    )
  let quick = 0
  for (const text of packages) {
    const dir = join(w.root, 'source', await w.source.commit({ 'package.json': text }))
    const [one, two] = await Promise.all([facts(dir, 'quick'), facts(dir, 'node')])
    if (one === 'slow\n') continue
    quick += 1
    expect({ text, facts: one }).toEqual({ text, facts: two })
  }
  expect(quick).toBeGreaterThan(8)
})

test.each([
  ['{"scripts": {"start": "x"},}', 'package.json is not valid JSON: '],
  ['[]', 'package.json holds no object.'],
  ['', 'package.json is not valid JSON: '],
])('package.json %j is a clear error', async (text, why) => {
  const { end, text: log } = await built({ 'package.json': text })
  expect(failureOf(end)).toMatchObject({ code: 'BuildFailed', message: expect.stringContaining(why) })
  expect(log).toContain(` !     ${why}`)
})

const have = process.versions.node
const [major = 0] = have.split('.').map(Number)

test.each<[string, boolean | undefined]>([
  ['20', true],
  ['20.x', true],
  ['v20.5.1', true],
  ['20.5', true],
  ['20.5.0', false],
  ['20.4', false],
  ['>=18', true],
  ['>= 18.0.0 <21', true],
  ['>20', false],
  ['>20.5.0', true],
  ['<=20', true],
  ['<=20.5.0', false],
  ['<20', false],
  ['^20.5.0', true],
  ['^20.6', false],
  ['^18 || ^20', true],
  ['18 || 19', false],
  ['~20.5.0', true],
  ['~20.4', false],
  ['~20', true],
  ['18 - 20', true],
  ['18 - 19.9', false],
  ['*', true],
  ['', true],
  ['x', true],
  ['lts/*', true],
  ['node', true],
  ['=20.5.1', true],
  ['lts/iron', true],
  ['lts/hydrogen', false],
  ['lts/gold', undefined],
  ['twenty', undefined],
  ['$(id)', undefined],
])('20.5.1 in %j: %j', (range, fits) => {
  expect(satisfies('20.5.1', range)).toBe(fits)
})

test('a Node.js that is there is used, and told with what asked for it', async () => {
  const { end, text } = await built({ 'package.json': json({ engines: { node: `${major}.x` }, scripts: { start: 'x' } }) })
  expect(imageOf(end)).toMatchObject({ processTypes: { web: 'x' } })
  expect(text).toContain(
    `-----> Using Node.js v${have} of this machine\n       asked for: ${major}.x (engines.node in package.json)\n`,
  )
})

test('build scripts run with build.env, and one that fails fails the build', async () => {
  const scripts = { 'heroku-prebuild': 'echo pre $STAGE', build: 'echo built $STAGE > out.txt', start: 'x' }
  const good = await built({ 'package.json': json({ scripts }) }, { STAGE: 'three', PATH: '/nowhere' })
  expect(await readFile(join(imageOf(good.end).ref, 'out.txt'), 'utf8')).toBe('built three\n')
  expect(good.text).toMatch(/-----> Running heroku-prebuild[\s\S]* pre three\n-----> Running build\n/)
  const post = await built({ 'package.json': json({ scripts: { ...scripts, 'heroku-postbuild': 'echo instead' } }) })
  expect(post.text).toContain('-----> Running heroku-postbuild')
  expect(post.text).not.toContain('-----> Running build')
  const bad = await built({ 'package.json': json({ scripts: { build: 'echo no luck; exit 3' } }) })
  expect(failureOf(bad.end)).toMatchObject({ code: 'BuildFailed', message: expect.stringContaining('no luck') })
})

test('a script has what npm gives it, whether npm runs it or, with nothing that needs npm, the buildpack', async () => {
  const tell = `const { npm_lifecycle_event: event, npm_package_name: name, npm_package_version: version, npm_config_user_agent: agent } = process.env
    console.log([event, name, version, /^npm\\/\\d/.test(agent), process.cwd() === process.env.INIT_CWD].join())`
  const plain = { name: 'x', version: '1.2.3', scripts: { build: 'node tell.js', start: 'x' } }
  const hooked = { ...plain, scripts: { ...plain.scripts, prebuild: 'echo before' } }
  for (const [what, before] of [
    [plain, false],
    [hooked, true],
  ] as const) {
    const { end, text } = await built({ 'package.json': json(what), 'tell.js': tell })
    imageOf(end)
    expect(text).toMatch(/ > x@1\.2\.3 build\n {7}> node tell\.js\n[\s\S]*build,x,1\.2\.3,true,true/)
    expect(text.includes('       before\n')).toBe(before)
  }
})

test('lock files of two package managers, and a package manager that is not there, are clear errors', async () => {
  const dependencies = { dependencies: { ms: '2.1.3' } }
  const two = await built({ 'package.json': json(dependencies), 'package-lock.json': '{}', 'yarn.lock': '' })
  expect(failureOf(two.end).message).toContain('There are lock files of several package managers: npm yarn.')
  const w = await world()
  w.builder.configure({ builds: { concurrency: 1, timeoutMs: 60_000, env: { PATH: fewTools(join(w.root, 'tools')) } } })
  const plan = await w.plan({ 'package.json': json(dependencies), 'pnpm-lock.yaml': '' })
  expect(failureOf(await w.build(plan)).message).toContain(
    'pnpm 9 || 10 (for pnpm-lock.yaml) would have to be fetched with npm, which is not on this machine.',
  )
})

/** A PATH with what a build needs and nothing else. */
function fewTools(dir: string): string {
  mkdirSync(dir)
  for (const tool of ['bash', 'cat', 'sh', 'env', 'mkdir', 'ls', 'rm']) {
    symlinkSync(execFileSync('which', [tool], { encoding: 'utf8' }).trim(), join(dir, tool))
  }
  symlinkSync(process.execPath, join(dir, 'node'))
  return dir
}

test('an index.html with a package.json that starts and builds nothing is a static site', async () => {
  const { text } = await built({ 'index.html': '<p>', 'package.json': json({ devDependencies: { prettier: '3' } }) })
  expect(text).toContain('-----> Static app detected')
})

const lock = {
  name: 'x',
  lockfileVersion: 3,
  packages: {
    '': { name: 'x', dependencies: { ms: '2.1.3' }, devDependencies: { 'has-flag': '5.0.1' } },
    'node_modules/has-flag': {
      version: '5.0.1',
      integrity: 'sha512-CsNUt5x9LUdx6hnk/E2SZLsDyvfqANZSUq4+D3D8RzDJ2M+HDTIkF60ibS1vHaK55vzgiZw1bEPFG9yH7l33wA==',
      dev: true,
    },
    'node_modules/ms': {
      version: '2.1.3',
      integrity: 'sha512-6FlzubTLZG3J2a/NVCAleEhjzq5oxgHyaCU9yYXvcLsvoVaHJq/s5xXI6/XXP6tz7R9xAOtHnSO/tXtF3WRTlA==',
    },
  },
}

test('npm ci, then pruned; the second build takes node_modules from the cache', async (context) => {
  await onlyWithRegistry(context, 'npm')
  const w = await world()
  const tree = {
    'package.json': json({
      name: 'x',
      dependencies: { ms: '2.1.3' },
      devDependencies: { 'has-flag': '5.0.1' },
      scripts: { start: 'node a.js' },
    }),
    'package-lock.json': json(lock),
  }
  const plans = [await w.plan({ ...tree, n: '1' }), await w.plan({ ...tree, n: '2' })]
  for (const plan of plans) {
    const image = imageOf(await w.build(plan))
    const modules = execFileSync('ls', [join(image.ref, 'node_modules')], { encoding: 'utf8' })
    expect(modules).toBe('ms\n')
  }
  const [first, second] = await Promise.all(plans.map((plan) => w.log(plan)))
  expect(first).toContain('-----> Installing dependencies with npm ')
  expect(first).toContain('-----> Removing what only the build needed (devDependencies)')
  expect(second).toContain('node_modules of the last build fits package-lock.json')
  const keep = await w.plan({ ...tree, n: '3' }, { settings: { env: { NPM_CONFIG_PRODUCTION: 'false' } } })
  expect(execFileSync('ls', [join(imageOf(await w.build(keep)).ref, 'node_modules')], { encoding: 'utf8' })).toBe(
    'has-flag\nms\n',
  )
})
