/** A platform that began with what comes with trimtab moves to containers, and to Traefik: the apps go along, by an ordinary rollout. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, it } from 'vitest'
import { containers } from '../support/kinds/containers.ts'
import { embedded } from '../support/kinds/embedded.ts'
import { processes } from '../support/kinds/processes.ts'
import { traefik } from '../support/kinds/traefik.ts'
import { combined } from '../support/kinds.ts'
import { startLoad } from '../support/load.ts'
import { need } from '../support/need.ts'
import { TestPlatform, until } from '../support/platform.ts'

const SERVER = readFileSync(join(import.meta.dirname, '../support/answering.mjs'), 'utf8')
const FILES = {
  Procfile: 'web: exec node server.js\nworker: exec sleep 100000\n',
  'package.json': '{"private": true, "type": "module"}\n',
  'server.js': SERVER,
}

let platform: TestPlatform | undefined
let stopLoad: (() => Promise<unknown>) | undefined

afterEach(async () => {
  await stopLoad?.().catch(() => {})
  stopLoad = undefined
  await platform?.strike()
  platform = undefined
})

it('from local processes to containers and back, asked all the time: nothing is lost, and nothing stays behind', {
  timeout: 240_000,
}, async (context) => {
  need(context, 'docker', await containers.missing())
  const both = combined(containers, embedded, ['docker'])
  platform = await TestPlatform.make({ kind: both, apps: [{ name: 'shop', repo: './shop' }] })
  const { state } = platform
  const commit = platform.repo('shop').write(FILES).commit('The first')
  const asProcesses = await processes.keys(state)
  platform.configure({ extra: asProcesses })
  await platform.up()
  await platform.live('shop', commit)
  const count = () => [processes.running(state, 'shop').length, containers.running(state, 'shop').length]
  const load = startLoad({ port: platform.routerPort, targets: [{ host: 'shop.test.localhost', app: 'shop' }], rate: 100 })
  stopLoad = load.stop

  await platform.end()
  platform.configure({ extra: {} })
  await platform.up()
  await until(
    () => String(count()) === '0,2',
    () => `all to run in containers; there are ${count()}\n${platform?.output}`,
    90_000,
  )
  await platform.live('shop', commit)

  await platform.end()
  platform.configure({ extra: asProcesses })
  await platform.up()
  await until(
    () => String(count()) === '2,0',
    () => `all to run as processes; there are ${count()}\n${platform?.output}`,
    90_000,
  )
  await platform.live('shop', commit)

  const report = await load.stop()
  stopLoad = undefined
  expect(report.lost).toEqual([])
  expect(report.answered).toBeGreaterThan(300)
})

it('from the embedded router to Traefik and back: the routes are the same, and the change takes a moment', {
  timeout: 120_000,
}, async (context) => {
  need(context, 'traefik', await traefik.missing())
  platform = await TestPlatform.make({ apps: [{ name: 'shop', repo: './shop' }] })
  const commit = platform.repo('shop').write(FILES).commit('The first')
  await platform.up()
  await platform.live('shop', commit)
  const routes = readFileSync(join(platform.state, 'routes/shop.yml'), 'utf8')
  const before = platform.running('shop')
  const load = startLoad({ port: platform.routerPort, targets: [{ host: 'shop.test.localhost', app: 'shop' }], rate: 100 })
  stopLoad = load.stop

  for (const router of [traefik, embedded]) {
    await platform.end()
    platform.configure({ extra: { router: await router.keys(platform.routerPort) } })
    await platform.up()
    await until(async () => (await platform?.says('shop'))?.startsWith('shop ') === true, `${router.name} to answer`)
    await platform.live('shop', commit)
    expect(router.pid(platform.state)).not.toBe(null)
    await until(() => (router === traefik ? embedded : traefik).pid(platform?.state ?? '') === null, 'the other one to end')
    expect(readFileSync(join(platform.state, 'routes/shop.yml'), 'utf8')).toBe(routes)
  }
  expect(platform.running('shop')).toEqual(before)
  const report = await load.stop()
  stopLoad = undefined
  console.log(`router changed twice: ${report.lost.length} of ${report.asked} requests lost`)
  // One address cannot be two routers' at once: what comes in between is refused, not answered wrongly.
  expect(report.lost.filter(({ problem }) => problem.startsWith('answered by'))).toEqual([])
  expect(report.answered).toBeGreaterThan(report.asked / 2)
})
