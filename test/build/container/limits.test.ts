/** What a build may not do to the machine: each limit ends it, and says by which key it can be raised. */
import { expect, test, vi } from 'vitest'
import { shortOf, tellShort } from '../../../src/build/container/limits.ts'
import type { BuildsSpec } from '../../../src/domain.ts'
import { failureOf, imageOf, pack } from '../world.ts'
import { world } from './world.ts'

const MB = 1024 * 1024
const limited = (limits: Partial<BuildsSpec>) => ({ builds: { concurrency: 1, timeoutMs: 60_000, env: {}, ...limits } })

test('disk: one large file, and many small ones, are stopped long before the disk is full; the cache is emptied', async (context) => {
  const w = await world(context, limited({ diskBytes: 64 * MB }))
  const small = 'for n in $(seq 40); do head -c 1000000 /dev/zero > "$2/$n"; done'
  imageOf(await w.build(await w.plan(pack(small))))

  const one = await w.plan(pack('exec dd if=/dev/zero of="$1/x" bs=1M count=4000'))
  const failure = failureOf(await w.build(one))
  expect(failure).toMatchObject({ code: 'BuildFailed', retry: false })
  expect(failure.message).toMatch(
    /^The \.\/ buildpack failed: the build ran out of disk space: builds\.disk in platform\.yaml allows it 64 MB/,
  )
  expect(await w.log(one)).toContain('Its cache is emptied')
  imageOf(await w.build(await w.plan(pack('[ -z "$(ls -A "$2")" ]'))))

  const many = 'for n in $(seq 4000); do head -c 1000000 /dev/zero > "/tmp/$n"; done; sleep 30'
  const started = Date.now()
  expect(failureOf(await w.build(await w.plan(pack(many)))).message).toContain('ran out of disk space: builds.disk')
  expect(Date.now() - started).toBeLessThan(25_000)
}, 90_000)

test('processes: a fork bomb that goes on for ever is ended, and what it was is said', async (context) => {
  const w = await world(context, limited({ pids: 100 }))
  const plan = await w.plan(pack('bomb() { bomb | bomb & }; bomb 2> /dev/null; while :; do (:); sleep 0.2; done 2> /dev/null'))
  w.builder.want('shop', plan)
  await vi.waitFor(async () => {
    const [name = 'none'] = await w.containers()
    expect((await w.engine.docker.getContainer(name).inspect()).HostConfig.PidsLimit).toBe(100)
  }, 20_000)
  const { message } = failureOf(await w.build(plan))
  expect(message).toContain('the build ran out of processes: builds.pids in platform.yaml allows it 100')
  imageOf(await w.build(await w.plan(pack('echo quiet again'))))
}, 90_000)

test('a build that uses what it may is told nothing', async (context) => {
  const w = await world(context, limited({ diskBytes: 64 * MB, pids: 100, memoryBytes: 256 * MB }))
  const plan = await w.plan(pack('head -c 20000000 /dev/zero > "$1/x"; for n in $(seq 20); do sleep 1.2 & done; wait'))
  imageOf(await w.build(plan))
  expect(await w.log(plan)).not.toContain('ran out')
  const failed = await w.plan(pack('exit 3'))
  expect(failureOf(await w.build(failed)).message).not.toContain('ran out')
}, 60_000)

test('what is said of each', () => {
  const say = (said: string, limits = {}) => tellShort(shortOf(said), limits)
  expect(say('')).toEqual([])
  expect(say('memory\n')).toEqual([expect.stringContaining('The machine ran out of memory')])
  expect(say('memory\npids\n', { memoryBytes: 128 * MB, pids: 64 })).toEqual([
    ' !     The build ran out of memory: builds.memory in platform.yaml allows it 128 MB.',
    ' !     The build ran out of processes: builds.pids in platform.yaml allows it 64.',
  ])
  expect([...shortOf('full\n')]).toEqual(['full'])
  expect([...shortOf('disk\nfull\n')]).toEqual(['disk'])
  expect(say('disk\n').at(-1)).toContain('builds.disk in platform.yaml allows it 10240 MB')
})
