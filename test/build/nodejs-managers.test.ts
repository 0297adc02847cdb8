/** npm, yarn and pnpm by lock file, in versions from the npm registry; what is kept of them, and that it changes nothing. */
import { execFileSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Image } from '../../src/domain.ts'
import type { Tree } from '../support/dirsource.ts'
import { packageRegistries } from '../support/registries.ts'
import { filesOf } from './nodejsFiles.ts'
import { locked } from './nodejsLocks.ts'
import { onlyWithRegistry } from './registry.ts'
import { failureOf, imageOf, type World, world } from './world.ts'

const SLOW = 180_000
const online = { concurrency: 1, timeoutMs: 120_000, env: packageRegistries().env }
/** Nobody listens there, and nobody is asked twice. */
const offline = { ...online, env: { npm_config_registry: 'http://127.0.0.1:9/', npm_config_fetch_retries: '0' } }

async function built(w: World, tree: Tree, env: Record<string, string> = {}) {
  const plan = await w.plan(tree, { settings: { env } })
  return { image: imageOf(await w.build(plan)), log: await w.log(plan) }
}

async function refused(w: World, tree: Tree): Promise<string> {
  return failureOf(await w.build(await w.plan(tree))).message
}

/** What a command says in the app's folder, as it runs there. */
function says(image: Image, command: string): string {
  const env = { HOME: image.ref, PATH: process.env.PATH ?? '' }
  const line = `for file in .profile.d/*.sh; do [ ! -f "$file" ] || . "$file"; done; ${command}`
  return execFileSync('bash', ['-c', line], { cwd: image.ref, env, encoding: 'utf8' })
}

test.for([
  ['npm', 'npm start'],
  ['yarn 1', 'yarn start'],
  ['yarn 4', 'yarn start'],
  ['yarn 4 with PnP', 'yarn start'],
  ['pnpm', 'pnpm start'],
] as const)(
  '%s: installs, builds, prunes; without a network from what is kept, and to the same files',
  { timeout: SLOW },
  async ([how, start], context) => {
    await onlyWithRegistry(context, 'npm')
    const tree = locked(how)
    const w = await world({ builds: online })
    const first = await built(w, { ...tree, n: '1' })
    expect(first.log).not.toContain('node_modules of the last build')
    expect(first.log).toContain('-----> Removing what only the build needed (devDependencies)')
    // Its first line is for a person.
    const outdated = await refused(w, locked(how, { dependencies: { ms: '2.1.2' } }))
    expect(outdated.split('\n')[0]).toMatch(/(package-lock\.json|yarn\.lock|pnpm-lock\.yaml) does not fit package\.json: one of/)
    w.builder.configure({ builds: offline })
    const second = await built(w, { ...tree, n: '2' })
    if (!how.endsWith('PnP')) expect(second.log).toContain('node_modules of the last build fits ')
    expect(second.log).not.toContain('Fetching ')
    expect(second.image.materials?.versions).toEqual(first.image.materials?.versions)

    if (how === 'npm' || how === 'yarn 4' || how === 'pnpm') {
      const fresh = await world({ builds: online })
      const anew = await built(fresh, { ...tree, n: '2' })
      expect(filesOf(second.image.ref)).toEqual(filesOf(anew.image.ref))
    }
    expect(says(second.image, 'cat out.txt; node a.js')).toBe('function2000\n')
    expect(says(second.image, start)).toContain('2000\n')
    const packages = how.endsWith('PnP')
      ? readdirSync(join(second.image.ref, '.yarn/cache'))
      : readdirSync(join(second.image.ref, 'node_modules'))
    expect(packages.filter((name) => /has-flag/.test(name))).toEqual([])
  },
)

test('lock files of two package managers, versions that there are not, and no network to fetch one from', {
  timeout: SLOW,
}, async (context) => {
  await onlyWithRegistry(context, 'npm')
  const w = await world({ builds: online })
  expect(await refused(w, { ...locked('npm'), 'yarn.lock': '' })).toContain('several package managers: npm yarn.')
  const none = await refused(w, locked('pnpm', { packageManager: 'pnpm@9.99.99' }))
  expect(none).toMatch(/There is no pnpm 9\.99\.99 \(packageManager in package\.json\)\.[\s\S]* 8\.15\.\d+, 9\.\d+\.\d+, 10\./)
  expect(await refused(w, locked('npm', { engines: { npm: 'new' } }))).toContain('engines.npm in package.json asks for npm "new"')

  w.builder.configure({ builds: offline })
  const away = await refused(w, locked('pnpm', { packageManager: 'pnpm@9.0.0' }))
  expect(away.split('\n')[0]).toContain('a server cannot be reached: the connection was refused or timed out')
  expect(away).toContain('pnpm 9.0.0 (packageManager in package.json) has to come from the npm registry')
})

test('a build that was cut short leaves nothing half-done to the next one; NODE_MODULES_CACHE=false takes nothing', {
  timeout: SLOW,
}, async (context) => {
  await onlyWithRegistry(context, 'npm')
  const w = await world({ builds: online, graceMs: 100 })
  // While it is installed: what is there of node_modules by then is whole to look at, and is not.
  const tree = locked('npm', { scripts: { postinstall: 'node wait.js' } })
  const cut = await w.plan({ ...tree, 'wait.js': "console.log('it waits'); setInterval(() => {}, 1000)" })
  w.builder.want('shop', cut)
  await expect.poll(() => w.log(cut), { timeout: 60_000 }).toContain('it waits')
  const whole = await built(w, { ...tree, 'wait.js': '' })
  expect(w.builder.state(cut.key)).toMatchObject({ failure: { code: 'BuildCancelled' } })
  expect(whole.log).not.toContain('of the last build')
  const next = await built(w, { ...tree, 'wait.js': "console.log('again')" })
  expect(next.log).toMatch(/node_modules of the last build fits package-lock\.json[\s\S]*Running postinstall[\s\S]*again/)
  expect(await built(w, tree, { NODE_MODULES_CACHE: 'false' }).catch((error) => error.message)).toContain('Cannot find module')
})
