import { expect, test } from 'vitest'
import { serve } from './serve.ts'
import { failureOf, imageOf, world } from './world.ts'

/** A page, and a script that makes another of it, as bundlers do. */
const SOURCES = {
  'index.html': 'as it is written',
  'public/logo.svg': '<svg/>',
  'build.js': "const fs = require('fs'); fs.mkdirSync('dist'); fs.writeFileSync('dist/index.html', 'as it was built')",
  'package.json': JSON.stringify({ scripts: { build: 'node build.js' } }),
}

test('nodejs, then static: what the build script made is served, and nothing else', async () => {
  const w = await world()
  const plan = await w.plan(SOURCES, { settings: { buildpacks: ['nodejs', 'static'] } })
  const image = imageOf(await w.build(plan))
  expect(image.processTypes).toEqual({ web: 'node .trimtab/static.mjs' })
  expect(await w.log(plan)).toContain('dist/ is served by .trimtab/static.mjs')
  const { url } = await serve(image)
  expect(await (await fetch(url)).text()).toBe('as it was built')
  for (const path of ['/build.js', '/package.json', '/public/logo.svg']) expect((await fetch(url + path)).status).toBe(404)
})

test('detected as nodejs it is served by static too, where nothing else serves; static alone tells how to have it built', async () => {
  const w = await world()
  const alone = imageOf(await w.build(await w.plan(SOURCES)))
  expect(alone.processTypes).toEqual({ web: 'node .trimtab/static.mjs' })
  expect(alone.materials?.packs.map(({ name }) => name)).toEqual(['nodejs', 'static'])
  const { url } = await serve(alone)
  expect(await (await fetch(url)).text()).toBe('as it was built')
  const others = { Procfile: 'worker: node build.js\n', 'server.js': '' }
  for (const [name, text] of Object.entries(others)) {
    const image = imageOf(await w.build(await w.plan({ ...SOURCES, [name]: text })))
    expect(image.materials?.packs.map((pack) => pack.name)).toEqual(['nodejs'])
  }
  const { 'index.html': _, ...unbuilt } = SOURCES
  const without = await w.plan({ ...unbuilt, 'static.json': '{"root": "dist"}' }, { settings: { buildpacks: ['static'] } })
  const { message } = failureOf(await w.build(without))
  expect(message).toContain('static.json: root dist is no folder of the app')
  expect(message).toContain('build: {buildpacks: [nodejs, static]} in app.yaml')
  const sources = await w.plan(SOURCES, { settings: { buildpacks: ['static'] } })
  imageOf(await w.build(sources))
  expect(await w.log(sources)).toContain('package.json has a build script, and static runs none')
})

test.for(['build', 'out', '_site', 'dist'])('%s/ is found by itself', async (folder) => {
  const w = await world()
  const plan = await w.plan({ [`${folder}/index.html`]: folder })
  const { url } = await serve(imageOf(await w.build(plan)))
  expect(await (await fetch(url)).text()).toBe(folder)
})
