/** Engines that stop, die and come back, each one of the test's own. */
import { PassThrough } from 'node:stream'
import { describe, expect, it, type TestContext } from 'vitest'
import type { Instance } from '../../../src/domain.ts'
import { asTrimtabError } from '../../../src/errors.ts'
import type { Runtime } from '../../../src/ports.ts'
import { type OwnEngine, ownEngine } from '../../support/docker.ts'
import { afterTest, createWorld, exited, one, printed, specOf, until, type World } from './world.ts'

const SLEEP = 'echo up; exec sleep 1000'
/** An engine takes its time to come back. */
const LONG = 120_000

async function own(context: TestContext, options: { liveRestore?: boolean } = {}): Promise<{ engine: OwnEngine; world: World }> {
  const engine = await ownEngine(context, options)
  afterTest(() => engine.end())
  const world = await createWorld(context, engine.socket)
  return { engine, world }
}

/** Looks at an app without a pause, and keeps what it sees. */
function look(runtime: Runtime, app = 'shop') {
  const seen: Array<Instance[] | string> = []
  let over = false
  const done = (async () => {
    while (!over) {
      seen.push(await runtime.list(app).catch((error) => asTrimtabError(error).code))
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
  })()
  return {
    seen,
    async end() {
      over = true
      await done
    },
  }
}

describe('an engine that is restarted', () => {
  it('brings its instances back by itself, at the same addresses, and none is ever taken for ended', {
    timeout: LONG,
  }, async (context) => {
    const { engine, world } = await own(context)
    const runtime = world.runtime()
    const specs = [1, 2, 3].map((index) => specOf(world, SLEEP, { index }))
    const before: Instance[] = []
    for (const spec of specs) before.push(await runtime.start(spec, []))
    for (const spec of specs) await printed(runtime, spec, 'up')
    // What started long ago must be seen to have started anew: its grace time begins again.
    await until(() => Date.now() - (before[2]?.startedAt ?? 0) > 4_000)
    const changed = new Set<string>()
    runtime.onChange((app) => changed.add(app))
    const looking = look(runtime)
    await engine.stop()
    changed.clear()
    await engine.start()
    await until(() => changed.has('shop'), 'the app to be looked at')
    await until(() => looking.seen.at(-1)?.length === 3 && typeof looking.seen.at(-1) === 'object')
    await looking.end()

    const answers = new Set(
      looking.seen.map((answer) => (typeof answer === 'string' ? answer : answer.map(({ state }) => state).join(' '))),
    )
    expect([...answers].sort()).toEqual(['RuntimeUnavailable', 'running running running'])
    const after = (await runtime.list('shop')).sort((a, b) => a.index - b.index)
    expect(after.map(({ address }) => address)).toEqual(before.map(({ address }) => address))
    for (const [at, { startedAt }] of after.entries()) expect(startedAt).toBeGreaterThan(before[at]?.startedAt ?? 0)
    const fourth = await runtime.start(specOf(world, SLEEP, { index: 4 }), [])
    expect(before.map(({ address }) => address?.host)).not.toContain(fourth.address?.host)
  })

  it('with live-restore leaves them alone', { timeout: LONG }, async (context) => {
    const { engine, world } = await own(context, { liveRestore: true })
    const runtime = world.runtime()
    const spec = specOf(world, SLEEP)
    const before = await runtime.start(spec, [])
    const { StartedAt } = (await world.inspect(spec)).State
    const looking = look(runtime)
    await engine.stop()
    await engine.start()
    await until(() => typeof looking.seen.at(-1) === 'object')
    await looking.end()
    expect(new Set(looking.seen.flat().map((seen) => (typeof seen === 'string' ? seen : seen.state)))).toEqual(
      new Set(['RuntimeUnavailable', 'running']),
    )
    expect(await one(runtime, spec)).toEqual(before)
    expect((await world.inspect(spec)).State.StartedAt).toBe(StartedAt)
  })

  it('in the middle of a one-off never makes a success of it', { timeout: LONG }, async (context) => {
    const { engine, world } = await own(context)
    const runtime = world.runtime()
    const polite = specOf(world, SLEEP, { oneOff: true, process: 'release' })
    await runtime.start(polite, [])
    await printed(runtime, polite, 'up')
    await engine.kill()
    await engine.start()
    const { code } = await exited(runtime, polite)
    expect(code).not.toBe(0)
  })
})

describe('an engine that is killed', () => {
  it('loses nothing that is not seen afterwards, and what it ended can be started again', { timeout: LONG }, async (context) => {
    const { engine, world } = await own(context)
    const runtime = world.runtime()
    const spec = specOf(world, SLEEP)
    await runtime.start(spec, [])
    await printed(runtime, spec, 'up')
    await engine.kill()
    await until(() =>
      runtime.list('shop').then(
        () => false,
        ({ code }) => code === 'RuntimeUnavailable',
      ),
    )
    await engine.start()
    const seen = await until(() => one(runtime, spec).catch(() => null))
    if (seen.state === 'exited') await runtime.remove(seen.name)
    expect((await runtime.start(spec, [])).state).toBe('running')
    expect((await world.containers()).length).toBe(1)
  })

  it('ends a one-off that somebody is at, and is rid of it when it is back', { timeout: LONG }, async (context) => {
    const { engine, world } = await own(context)
    const runtime = world.runtime()
    const [stdout, stderr] = [new PassThrough(), new PassThrough()]
    const terminal = { stdin: null, stdout, stderr, signal: new AbortController().signal }
    const done = runtime.run(specOf(world, SLEEP, { oneOff: true, process: 'run' }), terminal)
    await new Promise((resolve) => stdout.once('data', resolve))
    const refused = expect(done).rejects.toMatchObject({ code: 'RuntimeUnavailable' })
    await engine.kill()
    await refused
    await engine.start()
    await until(async () => (await world.containers()).length === 0)
  })
})
