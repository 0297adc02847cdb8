import { expect, onTestFinished, test } from 'vitest'
import type { BuildSettings } from '../../../src/domain.ts'
import type { Tree } from '../../support/dirsource.ts'
import { failureOf, imageOf } from '../world.ts'
import { makeBuilder } from './builderImage.ts'
import { answer, run } from './run.ts'
import { world } from './world.ts'

const APP: Tree = { greeting: 'world\n' }

test('a builder’s own lifecycle builds the app; the image is what it runs on and one layer, and its cache comes back', {
  timeout: 240_000,
}, async (context) => {
  const w = await world(context)
  const builder = await makeBuilder(w, context, w.stack)
  onTestFinished(() => w.engine.docker.getImage(builder).remove({ force: true }))
  const settings: Partial<BuildSettings> = { cnb: { builder }, env: { COLOUR: 'red' } }

  const first = await w.plan(APP, { settings })
  const image = imageOf(await w.build(first))
  const log = await w.log(first)
  expect(log).toContain('tool: made')
  expect(log).toContain('serve: COLOUR=red')
  expect(image.processTypes).toEqual({ web: '/app/.cnb/process/web', greet: '/app/.cnb/process/greet' })
  expect(image.materials).toMatchObject({
    packs: [
      { name: 'acme/tool', detected: '1.2.0' },
      { name: 'acme/serve', detected: '0.1.0' },
    ],
    reference: builder,
  })
  expect(await answer(await run(w, image))).toBe('greeting: , world\n')

  // One layer on the run image; nothing of the builder, of the build's own layers or of the lifecycle but the launcher.
  const inspected = await w.engine.docker.getImage(image.ref).inspect()
  const base = await w.engine.docker.getImage(w.stack).inspect()
  expect(inspected.RootFS.Layers?.slice(0, -1)).toEqual(base.RootFS.Layers)
  const shell = await run(w, image, ['-c', 'ls /cnb 2>&1; find .cnb | sort; stat -c %u .cnb/layers; echo "$GREETING"; greet'])
  await shell.exit
  expect(shell.output()).toContain("'/cnb': No such file")
  expect(shell.output()).toContain('.cnb/layers/acme_tool/tool/bin/greet')
  expect(shell.output()).not.toMatch(/scratch|plan\.toml/)
  expect(shell.output()).toMatch(/1000\nhello\ngreeting: hello, world\n$/)
  const greet = await run(w, image, ['greet'])
  expect(await greet.exit).toBe(0)
  expect(greet.output()).toBe('greeting: hello, world\n')

  const second = await w.plan({ greeting: 'all\n' }, { settings })
  const again = imageOf(await w.build(second))
  expect(await w.log(second)).toContain('tool: reused')
  expect(await answer(await run(w, again))).toBe('greeting: , all\n')

  const sick = failureOf(await w.build(await w.plan({ ...APP, broken: '' }, { settings })))
  expect(sick).toMatchObject({ code: 'BuildFailed', message: expect.stringContaining('serve: it is broken') })
  const other = failureOf(await w.build(await w.plan({ 'other.txt': '' }, { settings })))
  expect(other).toMatchObject({ code: 'NoBuildpack', message: expect.stringContaining('None of the builder') })
  expect((await w.containers()).filter((name) => name.includes('-build-'))).toEqual([])
})

test('an image that is no builder, one that names no run image, and a run image without a shell', {
  timeout: 120_000,
}, async (context) => {
  const w = await world(context)
  const fail = async (cnb: NonNullable<BuildSettings['cnb']>) =>
    failureOf(await w.build(await w.plan(APP, { settings: { cnb } })))
  expect(await fail({ builder: w.stack })).toMatchObject({
    code: 'BuildFailed',
    message: expect.stringContaining('is no builder'),
  })
  const builder = await makeBuilder(w, context, null)
  onTestFinished(() => w.engine.docker.getImage(builder).remove({ force: true }))
  expect((await fail({ builder })).message).toContain('does not say what its apps run on')
  const tiny = `trimtab-test/tiny:${w.platform}`
  await w.engine.docker.importImage(await emptyArchive(), { repo: 'trimtab-test/tiny', tag: w.platform } as object)
  onTestFinished(() => w.engine.docker.getImage(tiny).remove({ force: true }))
  expect((await fail({ builder, run: tiny })).message).toContain('has no bash')
})

async function emptyArchive(): Promise<NodeJS.ReadableStream> {
  const { Readable } = await import('node:stream')
  const { archive } = await import('../../../src/build/container/archive.ts')
  return Readable.from(archive([], [{ to: 'etc/nothing', content: '' }]))
}
