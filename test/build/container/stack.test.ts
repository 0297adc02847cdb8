import { expect, test, vi } from 'vitest'
import { commit } from '../../../src/build/container/commit.ts'
import { createEngine } from '../../../src/engine/engine.ts'
import { failureOf, HELLO, imageOf } from '../world.ts'
import { type World, world } from './world.ts'

/** The stack with something more in it, under another name; removed with the test. */
async function otherStack(w: World, name: string, env: string[]): Promise<string> {
  const { docker } = w.engine
  const container = await docker.createContainer({ Image: w.stack, Cmd: ['true'], HostConfig: { NetworkMode: 'none' } })
  await commit(w.engine, container.id, name, { Env: env })
  await container.remove()
  return name
}

test('the same inputs are the same key and no second build; the stack is one of them', async (context) => {
  const w = await world(context)
  const plan = await w.plan(HELLO)
  const image = imageOf(await w.build(plan))
  const other = w.restart()
  const again = await other.plan(plan)
  expect(again.key).toBe(plan.key)
  expect(await other.find(plan.key)).toEqual(image)
  other.want('shop', again)
  await vi.waitFor(() => expect(other.state(plan.key)).toMatchObject({ state: 'succeeded', durationMs: 0 }))

  const stack = await otherStack(w, `trimtab/${w.platform}-stack:1`, [
    'STACK=house-22',
    'PATH=/usr/bin:/bin',
    'EXTRA=of the stack',
  ])
  try {
    const configured = { builds: { concurrency: 1, timeoutMs: 60_000, env: {} }, registries: {} }
    w.builder.configure({ ...configured, stack: { image: stack } })
    const tree = {
      ...HELLO,
      'bin/detect': { text: '#!/bin/sh\n' },
      'bin/compile': { text: '#!/bin/sh\necho "$STACK $PATH $EXTRA"\n' },
      'bin/release': { text: '#!/bin/sh\n' },
    }
    const moved = await w.plan(tree)
    expect((await w.plan(HELLO)).key).not.toBe(plan.key)
    const made = imageOf(await w.build(moved))
    expect(await w.log(moved)).toContain('house-22 /usr/bin:/bin of the stack')
    const { Config } = await w.engine.docker.getImage(made.ref).inspect()
    const below = await w.engine.docker.getImage(stack).inspect()
    expect(Config.Env).toEqual([...(below.Config.Env ?? []), 'HOME=/app'])
  } finally {
    await w.builder.close()
    await w.engine.docker.getImage(stack).remove({ force: true })
  }
})

test('a stack that is not there: who makes it is told, everything else waits; one of a registry is pulled', async (context) => {
  const w = await world(context, { stack: 'trimtab/none-such:1' })
  const missing = expect.objectContaining({
    code: 'RuntimeUnavailable',
    retry: true,
    message: expect.stringContaining('trimtab stack build --name trimtab/none-such:1'),
  })
  await expect(w.plan(HELLO)).rejects.toThrow(missing)
  w.builder.configure({
    builds: { concurrency: 1, timeoutMs: 1000, env: {} },
    registries: {},
    stack: { image: '127.0.0.1:9/house/stack:1' },
  })
  await expect(w.plan(HELLO)).rejects.toThrow(
    expect.objectContaining({ retry: true, message: expect.stringContaining('is being pulled') }),
  )
  await vi.waitFor(() => expect(w.plan(HELLO)).rejects.toThrow('127.0.0.1:9/house/stack:1 cannot be pulled'), 10_000)
})

test('a stack that cannot be built on: what it lacks is said', async (context) => {
  const w = await world(context)
  const { docker } = w.engine
  const container = await docker.createContainer({
    Image: w.stack,
    Cmd: ['rm', '/usr/bin/setpriv'],
    HostConfig: { NetworkMode: 'none' },
  })
  await container.start()
  await container.wait()
  const stack = `trimtab/${w.platform}-poor:1`
  await commit(w.engine, container.id, stack, { Cmd: ['bash'] })
  await container.remove()
  try {
    w.builder.configure({ builds: { concurrency: 1, timeoutMs: 60_000, env: {} }, registries: {}, stack: { image: stack } })
    const failure = failureOf(await w.build(await w.plan(HELLO)))
    expect(failure).toMatchObject({
      retry: false,
      message: expect.stringContaining('lacks what a build needs: setpriv (of util-linux).'),
    })
  } finally {
    await w.builder.close()
    await docker.getImage(stack).remove({ force: true })
  }
})

test('an engine that is away is no engine without images', async (context) => {
  const w = await world(context, { engine: createEngine('/nowhere/docker.sock') })
  const away = expect.objectContaining({ code: 'RuntimeUnavailable', retry: true })
  await expect(w.plan(HELLO)).rejects.toThrow(away)
  await expect(w.builder.find('0'.repeat(40))).rejects.toThrow(away)
})

test('no room: neither in the state directory nor on the engine is a build begun', async (context) => {
  const asked: string[] = []
  const w = await world(context, {
    free: async (path) => {
      asked.push(path)
      return path.endsWith('/state') ? 1e12 : 1e6
    },
  })
  const failure = failureOf(await w.build(await w.plan(HELLO)))
  expect(failure).toMatchObject({
    code: 'DiskFull',
    retry: true,
    message: expect.stringMatching(/disk of the Docker Engine is full: only 0 MB/),
  })
  const { DockerRootDir } = (await w.engine.docker.info()) as { DockerRootDir: string }
  expect(asked).toEqual([`${w.root}/state`, DockerRootDir])
  expect(await w.containers()).toEqual([])
})
