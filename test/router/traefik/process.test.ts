/** Traefik as a process: starting, finding again, replacing and stopping it. */
import { afterEach, expect, type TestContext, test } from 'vitest'
import { send, startUpstream, table, until } from '../../support/router.ts'
import { type RunningTraefik, startTraefik, type TraefikOptions } from './world.ts'

const closing: Array<() => unknown> = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

async function start(context: TestContext, options: TraefikOptions = {}): Promise<RunningTraefik> {
  const running = await startTraefik(context, options)
  closing.push(() => running.close())
  return running
}

async function app(name: string) {
  const upstream = await startUpstream((_request, response) => response.end(name))
  closing.push(() => upstream.close())
  return upstream.address
}

test('serves what was written, and says so', async (context) => {
  const { router, listen } = await start(context)
  const hello = table('hello', [await app('hello')])
  expect(await router.serves('hello', null)).toBe(true)
  expect(await router.serves('hello', hello)).toBe(false)
  await router.write(hello)
  await until(() => router.serves('hello', hello))
  expect(await send(listen, 'hello.test')).toMatchObject({ status: 200, body: 'hello' })
  await router.remove('hello')
  await until(() => router.serves('hello', null))
  expect((await send(listen, 'hello.test')).status).toBe(404)
})
