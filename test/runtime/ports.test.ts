import { createServer } from 'node:net'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { isFree } from '../../src/runtime/process/ports.ts'
import { createWorld, exited, printed, specOf } from './world.ts'

const servers: Array<ReturnType<typeof createServer>> = []
const RANGE = { from: 0, to: 0 }

/** Five in a row that nobody uses. */
beforeAll(async () => {
  for (RANGE.from = 21_300; ; RANGE.from += 5) {
    const five = [0, 1, 2, 3, 4].map((step) => isFree(RANGE.from + step))
    if (!(await Promise.all(five)).includes(false)) break
  }
  RANGE.to = RANGE.from + 4
})

const port = (step: number) => RANGE.from + step

afterEach(() => {
  for (const server of servers.splice(0)) server.close()
})

function occupy(port: number, host: string): Promise<void> {
  const server = createServer()
  servers.push(server)
  return new Promise((resolve) => server.listen(port, host, resolve))
}

describe('ports', () => {
  it('go round: one that is free again is used as late as possible, also after a restart', async () => {
    const world = createWorld()
    const slug = world.slug()
    const given: number[] = []
    for (let release = 1; release <= 7; release++) {
      const runtime = world.runtime({ ports: RANGE })
      const spec = specOf(slug, 'true', { release })
      given.push((await runtime.start(spec, [])).address?.port ?? 0)
      await exited(runtime, spec)
      await runtime.remove(`shop.web.v${release}.1`)
      await runtime.close()
    }
    expect(given).toEqual([0, 1, 2, 3, 4, 0, 1].map(port))
  })

  it('are never given twice, not to simultaneous starts and not while an exited instance has one', async () => {
    const world = createWorld()
    const slug = world.slug()
    const runtime = world.runtime({ ports: RANGE })
    const starts = [1, 2, 3, 4, 5].map((index) => runtime.start(specOf(slug, 'true', { index }), []))
    const given = (await Promise.all(starts)).map(({ address }) => address?.port)
    expect(given.sort()).toEqual([0, 1, 2, 3, 4].map(port))
    await expect(runtime.start(specOf(slug, 'true', { index: 6 }), [])).rejects.toMatchObject({
      code: 'NoPort',
      retry: true,
      message: expect.stringMatching(
        /^No free port in \d+-\d+: of 5, 5 are held by instances.*Widen `runtime.ports` in platform.yaml/,
      ),
    })
    await exited(runtime, specOf(slug, '', { index: 3 }))
    await runtime.remove('shop.web.v1.3')
    expect((await runtime.start(specOf(slug, 'true', { index: 6 }), [])).address?.port).toSatisfy((port) => given.includes(port))
  })

  it('in use by others on any address, or named by a route, are left out', async () => {
    const world = createWorld()
    await occupy(port(0), '127.0.0.1')
    await occupy(port(1), '0.0.0.0')
    await occupy(port(2), '::')
    const runtime = world.runtime({ ports: RANGE })
    const avoid = [{ host: '127.0.0.1', port: port(3) }]
    const { address } = await runtime.start(specOf(world.slug(), 'true'), avoid)
    expect(address).toEqual({ host: '127.0.0.1', port: port(4) })
    await expect(runtime.start(specOf(world.slug(), 'true', { index: 2 }), avoid)).rejects.toMatchObject({ code: 'NoPort' })
    expect(await runtime.list('shop')).toHaveLength(1)
  })

  it('are free at once when an instance has been stopped, and answer while it runs', async () => {
    const world = createWorld()
    const slug = world.slug({
      'app.js': `require('http').createServer((q, s) => s.end('I')).listen(process.env.PORT, () => console.log('ready'))`,
    })
    const runtime = world.runtime({ ports: { from: port(0), to: port(0) } })
    for (let release = 1; release <= 3; release++) {
      const spec = specOf(slug, 'node app.js', { release })
      const { name, address } = await runtime.start(spec, [])
      await printed(runtime, spec, 'ready')
      expect(await (await fetch(`http://127.0.0.1:${address?.port}/`)).text()).toBe('I')
      await runtime.stop(name, spec.stop)
      await exited(runtime, spec)
      await runtime.remove(name)
    }
  })
})
