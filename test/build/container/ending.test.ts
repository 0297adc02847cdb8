import { spawn } from 'node:child_process'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { ours } from '../../../src/engine/labels.ts'
import { compiled } from '../compiled.ts'
import { failureOf, HELLO, imageOf, pack } from '../world.ts'
import { type World, world } from './world.ts'

const STUBBORN = `echo "it began"; trap "" TERM HUP; (setsid bash -c 'trap "" TERM; sleep 600' &); while :; do sleep 0.05; done`

const logged = (w: World, plan: Parameters<World['log']>[0], text: string) =>
  vi.waitFor(async () => expect(await w.log(plan)).toContain(text), 20_000)

async function leftOf(w: World) {
  const names = await readdir(join(w.root, 'state/builds'))
  return { containers: await w.containers(), files: names.filter((name) => !/\.(log|writable)$/.test(name)) }
}

/** Volumes of the one container that builds, but for the app's cache. */
async function scratchOf(w: World): Promise<string[]> {
  const [name = 'none'] = await w.containers()
  const { Mounts } = await w.engine.docker.getContainer(name).inspect()
  return Mounts.flatMap(({ Type, Name = '' }) => (Type === 'volume' && !Name.includes('-cache-') ? [Name] : []))
}

test('a build that takes too long is ended with its container; the log keeps what was said', async (context) => {
  const w = await world(context)
  const plan = await w.plan(pack(STUBBORN), { settings: { timeoutMs: 6000 } })
  const end = w.build(plan)
  await logged(w, plan, 'it began')
  const scratch = await scratchOf(w)
  expect(scratch).toHaveLength(1)
  const failure = failureOf(await end)
  expect(failure).toMatchObject({ code: 'BuildTimeout', retry: false, message: expect.stringContaining('longer than 6 s') })
  expect(await w.log(plan)).toMatch(/it began\n ! {5}The build took longer/)
  expect(await leftOf(w)).toEqual({ containers: [], files: [] })
  for (const name of scratch) {
    await expect(w.engine.docker.getVolume(name).inspect()).rejects.toMatchObject({ statusCode: 404 })
  }
})

test('a newer wish ends the build, and has the cache of the app for itself', async (context) => {
  const w = await world(context)
  const old = await w.plan(pack(STUBBORN))
  const newer = await w.plan(pack('echo "in the cache: $(ls "$2" | wc -l)"'))
  w.builder.want('shop', old)
  await logged(w, old, 'it began')
  imageOf(await w.build(newer))
  expect(w.builder.state(old.key)).toMatchObject({ state: 'failed', failure: { code: 'BuildCancelled' } })
  expect(await w.builder.find(old.key)).toBeNull()
})

test('close ends what runs, and the container that was kept ready', async (context) => {
  const w = await world(context)
  imageOf(await w.build(await w.plan(HELLO)))
  await vi.waitFor(async () => expect(await w.containers()).toEqual([`trimtab-${w.platform}-ready-shop`]), 20_000)
  const running = await w.plan(pack(STUBBORN), { app: 'other' })
  w.builder.want('other', running)
  await logged(w, running, 'it began')
  await w.builder.close()
  expect(await leftOf(w)).toMatchObject({ containers: [], files: [] })
})

test('limits: what needs more memory is ended and told so; processors and processes are counted', async (context) => {
  const builds = { concurrency: 1, timeoutMs: 60_000, env: {}, memoryBytes: 128 * 1024 * 1024, cpus: 0.5 }
  const w = await world(context, { builds })
  const plan = await w.plan(pack(`echo begins; python3 -c 'x = bytearray(1 << 30)'`))
  w.builder.want('shop', plan)
  const [container] = await vi.waitFor(async () => {
    const list = await w.engine.docker.listContainers({ filters: ours(w.platform) })
    expect(list).toHaveLength(1)
    return list
  }, 20_000)
  const { HostConfig } = await w.engine.docker.getContainer(container?.Id ?? '').inspect()
  expect(HostConfig).toMatchObject({
    Memory: builds.memoryBytes,
    MemorySwap: builds.memoryBytes,
    NanoCpus: 5e8,
    PidsLimit: 4096,
    Binds: null,
  })
  const failure = failureOf(await w.build(plan))
  expect(failure).toMatchObject({ code: 'BuildFailed', retry: false })
  expect(failure.message).toContain('ran out of memory: builds.memory in platform.yaml allows it 128 MB')
})

test('after a kill -9 of trimtab, the next start ends the orphaned build and builds again', async (context) => {
  const w = await world(context)
  await w.builder.close()
  const commit = await w.source.commit(pack(`[[ ! -e "$2/second" ]] || exit 0; touch "$2/second"; ${STUBBORN}`))
  const args = [w.root, commit, w.engine.socket, w.platform, w.stack]
  const child = spawn(process.execPath, [await compiled('test/build/container/orphan.ts'), ...args], { stdio: 'inherit' })
  const orphan = await vi.waitFor(async () => {
    const [running] = await w.engine.docker.listContainers({ filters: ours(w.platform) })
    if (!running) throw new Error('not yet')
    const { Processes } = await w.engine.docker.getContainer(running.Id).top()
    expect(Processes.flat().join(' ')).toContain('sleep 600')
    return running.Id
  }, 20_000)
  const exited = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGKILL')
  await exited
  expect((await w.containers()).length).toBe(1)

  const next = w.restart()
  const plan = await next.plan({ app: { name: 'shop', repo: '/repo', path: '' }, commit, settings: { env: {} } })
  const done = new Promise((resolve) =>
    next.onChange((_, state) => ['succeeded', 'failed'].includes(state.state) && resolve(state)),
  )
  next.want('shop', plan)
  expect(await done).toMatchObject({ state: 'succeeded' })
  await expect(w.engine.docker.getContainer(orphan).inspect()).rejects.toMatchObject({ statusCode: 404 })
  await next.close()
  expect(await leftOf(w)).toMatchObject({ containers: [], files: [] })
})

test('a container that somebody removes fails the build in a way that may be tried again', async (context) => {
  const w = await world(context)
  const plan = await w.plan(pack(STUBBORN))
  w.builder.want('shop', plan)
  await logged(w, plan, 'it began')
  const [name = ''] = await w.containers()
  await w.engine.docker.getContainer(name).remove({ force: true })
  const end = await w.until(plan, (state) => state.state === 'failed')
  expect(end).toMatchObject({ retry: true, failure: { message: expect.stringContaining('ended from outside') } })
})
