import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Tree } from '../../support/dirsource.ts'
import { packageRegistries } from '../../support/registries.ts'
import { locked } from '../nodejsLocks.ts'
import { onlyWithRegistry } from '../registry.ts'
import { failureOf, imageOf } from '../world.ts'
import { answer, run } from './run.ts'
import { type World, world } from './world.ts'

const SLOW = 600_000
const EXAMPLE = join(import.meta.dirname, '../../../examples/nodejs-build')
const FILES = ['package.json', 'package-lock.json', 'src/server.ts', 'pages/index.md']
const SOURCE: Tree = Object.fromEntries(FILES.map((name) => [name, readFileSync(join(EXAMPLE, name), 'utf8')]))

const { env, ca } = packageRegistries()
const online = { concurrency: 1, timeoutMs: 300_000, env, ...(ca && { ca }) }
/** Nobody listens there, and nobody is asked twice. */
const offline = { ...online, env: { npm_config_registry: 'http://127.0.0.1:9/', npm_config_fetch_retries: '0' } }

const configure = (w: World, builds: typeof online) => w.builder.configure({ stack: { image: w.stack }, registries: {}, builds })

async function built(w: World, tree: Tree) {
  const plan = await w.plan(tree)
  const began = performance.now()
  const image = imageOf(await w.build(plan))
  return { image, log: await w.log(plan), ms: performance.now() - began }
}

/** What a command says in the image. */
async function says(w: World, ref: string, line: string): Promise<string> {
  const ran = await run(w, { ref }, ['-c', line])
  await ran.exit
  return ran.output()
}

/** Every file of the app with its mode and a hash, but for times and owners, and trimtab's own. */
const LIST =
  "find . -path ./.trimtab -prune -o -printf '%p %m %l\\n' | LC_ALL=C sort; find . -path ./.trimtab -prune -o -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum"

test('nodejs-build: the second build takes its packages from the cache, and what it gives is what an empty cache would', {
  timeout: SLOW,
}, async (context) => {
  await onlyWithRegistry(context, 'npm')
  const w = await world(context, { builds: online })
  const first = await built(w, SOURCE)
  expect(await answer(await run(w, first.image, [], { RELEASE_VERSION: 'v7' }))).toContain('<strong>v7</strong>')
  expect(await says(w, first.image.ref, 'ls node_modules; ls -d node_modules/.cache .heroku')).not.toMatch(
    /^(esbuild|node_modules\/\.cache|\.heroku)$/m,
  )
  const changed = { ...SOURCE, 'src/server.ts': `${SOURCE['src/server.ts']}// changed\n` }
  // From here on there is no registry: all that is needed is kept.
  configure(w, offline)
  const second = await built(w, changed)
  console.log(
    `nodejs-build: second build ${Math.round(second.ms)} ms of ${Math.round(first.ms)} ms: ${(second.ms / first.ms).toFixed(2)}`,
  )
  expect(second.ms).toBeLessThan(first.ms * 0.7)
  expect(second.log).toContain('node_modules of the last build fits package-lock.json')

  const fresh = await world(context, { builds: online })
  const anew = await built(fresh, changed)
  expect(await says(w, second.image.ref, LIST)).toBe(await says(fresh, anew.image.ref, LIST))
})

test('a Node.js that the stack has not: from the npm registry, the newest that fits, at build and at run time, the program alone', {
  timeout: SLOW,
}, async (context) => {
  await onlyWithRegistry(context, 'npm')
  const w = await world(context, { builds: online })
  const tree = {
    ...locked('npm', { engines: { node: '>=22.0 <22.12' } }),
    'migrate.js': 'console.log("migrated by", process.version)',
  }
  const first = await built(w, tree)
  expect(first.log).toMatch(/-----> Fetching Node\.js 22\.11\.0 .*\n {7}Using Node\.js v22\.11\.0 from the npm registry\n/)
  expect(first.image.materials?.versions).toMatchObject({ node: '22.11.0', npm: expect.stringMatching(/^10\./) })
  expect(await says(w, first.image.ref, 'node a.js; node migrate.js; npm --version > /dev/null && npm start')).toMatch(
    /^2000\nmigrated by v22\.11\.0\n[\s\S]*> node a\.js\n\n2000\n$/,
  )
  // No headers, no package manager: the program, and a line each that calls the stack's npm and npx.
  expect(await says(w, first.image.ref, 'find .heroku ! -type d | sort')).toBe(
    '.heroku/node/bin/node\n.heroku/node/bin/npm\n.heroku/node/bin/npx\n',
  )

  configure(w, offline)
  const second = await built(w, { ...tree, n: '2' })
  expect(second.log).toContain('The npm registry cannot be asked for the newest Node.js >=22.0 <22.12')
  expect(second.log).not.toContain('Fetching ')
  const failure = failureOf(await w.build(await w.plan({ ...tree, '.node-version': '20.9.0' })))
  expect(failure.message.split('\n')[0]).toContain('a server cannot be reached: the connection was refused or timed out')
  expect(failure.message).toContain('Node.js 20.9.0 (.node-version) has to come from the npm registry')

  configure(w, online)
  for (const asked of ['99', '21.99.0']) {
    const none = failureOf(await w.build(await w.plan({ ...tree, '.nvmrc': asked })))
    expect(none.message).toMatch(
      /There is no Node\.js \S+ \(\.nvmrc\)\.\n ! {5}There are: 18\.\d+\.\d+ on the stack, and in the npm registry, among others, .*23\.\d+\.\d+/,
    )
  }
})
