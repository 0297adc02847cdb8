import { expect, test, vi } from 'vitest'
import { createEngine } from '../../../src/engine/engine.ts'
import { ownEngine, stackImage } from '../../support/docker.ts'
import { HELLO, imageOf, pack } from '../world.ts'
import { world } from './world.ts'

test('an engine that goes in the middle of a build: the build may be tried again, and is, once it is back', async (context) => {
  const own = await ownEngine(context)
  try {
    const w = await world(context, { engine: createEngine(own.socket), stack: await stackImage(own.socket) })
    imageOf(await w.build(await w.plan(HELLO)))
    await vi.waitFor(async () => expect(await w.containers()).toHaveLength(1), 20_000)
    const plan = await w.plan(pack('[ -e "$2/second" ] || { touch "$2/second"; echo "it began"; sleep 600; }'))
    w.builder.want('shop', plan)
    await vi.waitFor(async () => expect(await w.log(plan)).toContain('it began'), 20_000)
    await own.stop()
    const end = await w.until(plan, ({ state }) => state === 'failed')
    expect(end).toMatchObject({ retry: true, failure: { code: 'RuntimeUnavailable' } })
    expect(await w.log(plan)).toMatch(/it began\n ! {5}The Docker Engine/)
    const other = await w.source.commit({ ...HELLO, n: '2' })
    await expect(w.builder.find(plan.key)).rejects.toThrow(expect.objectContaining({ code: 'RuntimeUnavailable' }))
    await expect(w.plan(other)).rejects.toThrow(expect.objectContaining({ code: 'RuntimeUnavailable' }))

    await own.start()
    imageOf(await w.build(plan, true))
    imageOf(await w.build(await w.plan(other)))
  } finally {
    await own.end()
  }
}, 120_000)
