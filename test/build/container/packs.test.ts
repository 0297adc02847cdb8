import { expect, type TestContext, test } from 'vitest'
import { createContainerBuilder } from '../../../src/build/container/builder.ts'
import { lines, type PackWorld, packWorld } from '../packWorld.ts'
import { BUILDPACKS, failureOf, imageOf } from '../world.ts'
import { answer, run } from './run.ts'
import { type World, world } from './world.ts'

async function packing(context: TestContext): Promise<{ here: PackWorld; engine: World }> {
  const engine = await world(context)
  await engine.containers()
  const { platform, stack } = engine
  const builds = { concurrency: 1, timeoutMs: 100_000, env: {} }
  const parts = { engine: engine.engine, platform, stack, registries: {}, builds, buildpacksDir: BUILDPACKS }
  return { engine, here: await packWorld((more) => createContainerBuilder({ ...parts, ...more })) }
}

test('buildpacks by address: the image runs with what they export, declare and cache', async (context) => {
  const { here, engine } = await packing(context)
  const plan = await here.commit({ '.buildpacks': lines(here, '#main').join('\n') }, { env: { COLOR: 'green' } })
  const image = imageOf(await here.build(plan))
  expect(image.materials?.packs).toMatchObject([
    {},
    {},
    { name: `${here.packs.url('server')}#main`, commit: here.packs.repos.server.head() },
  ])
  const told = JSON.parse(await answer(await run(engine, image)))
  expect(told).toMatchObject({ GREETING: 'hello from bin/release', home: '/app', shout: 'IT RUNS?' })
  expect(told.settings).toBe('COLOR=green\ntool=READY!\nsource=known stack=known home=a folder\n')

  // The second build finds the cache of the first, and a revert of it the image.
  const next = await here.commit({ 'a.txt': 'a' }, { env: { COLOR: 'green' } })
  imageOf(await here.build(next))
  expect(await here.log(next)).toContain('-----> Using the tool of the last build\n')
  await here.packs.away()
  here.app.revert()
  await here.source.look({ name: 'shop', repo: here.app.dir, path: '' })
  const back = await here.plan(here.app.head(), { env: { COLOR: 'green' } })
  expect(await here.builder.find(back.key)).toMatchObject({ key: plan.key, ref: image.ref })
}, 120_000)

test('Cloud Foundry’s kind: what was supplied is in the image, and on the paths of what runs', async (context) => {
  const { here, engine } = await packing(context)
  const url = here.packs.url('cloudfoundry')
  const plan = await here.commit({}, { buildpacks: [url, url], env: { COLOR: 'green' } })
  const told = JSON.parse(
    await answer(await run(engine, imageOf(await here.build(plan)), [], { APP_NAME: 'shop', INSTANCE: '2' })),
  )
  expect(told).toMatchObject({
    DEPS_DIR: '/app/.cloudfoundry/deps',
    AT_START_0: '/app/.cloudfoundry/deps/0',
    FINALIZED: 'tool 0 says hello, supplied by 0',
    finalized: 'tool 0 says hello, supplied by 0\ncolor=green\n',
    tool: 'tool 0 says it runs',
  })
  expect(JSON.parse(told.VCAP_APPLICATION)).toMatchObject({ application_name: 'shop', port: 5000, instance_index: 1 })

  // What is no tree to be written is refused before anything of it runs.
  here.packs.repos.server.write({ passwd: { link: '/etc/passwd' } }).commit()
  const hostile = await here.commit({ 'a.txt': 'a' }, { buildpacks: [here.packs.url('server')] })
  const failure = failureOf(await here.build(hostile))
  expect(failure).toMatchObject({
    code: 'SourceInvalid',
    retry: false,
    message: expect.stringContaining(here.packs.url('server')),
  })
}, 120_000)
