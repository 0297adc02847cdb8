/** Servers are exchanged again and again while requests go on; not one may be lost. The order is the platform's: new one ready, routes, confirmed, drained, stopped. */
import type { Agent } from 'node:http'
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  keepAliveAgent,
  type RunningRouter,
  send,
  startRouter,
  startUpstream,
  table,
  type Upstream,
  until,
} from '../support/router.ts'

let running: RunningRouter
beforeAll(async () => {
  running = await startRouter()
})
afterAll(() => running.close())

const rollouts = 50

function server(name: string): Promise<Upstream> {
  return startUpstream((request, response) => {
    let size = 0
    request.on('data', (data: Buffer) => {
      size += data.length
    })
    // Some answers take a while, so that there is always something in flight.
    request.on('end', () => setTimeout(() => response.end(`${name} ${size}`), request.url === '/slow' ? 20 : 0))
  })
}

/** Several clients, each asks again as soon as it is answered, until told to stop. */
function load(app: string, agent: Agent | false, lost: string[]): { answered(): number; stop(): Promise<void> } {
  let going = true
  let answered = 0
  const kinds = [
    { path: '/' },
    { path: '/slow' },
    { path: '/', method: 'POST', body: 'x'.repeat(100) },
    { path: '/slow', method: 'POST', body: 'x'.repeat(200_000) },
  ]
  const client = async (kind: (typeof kinds)[number]) => {
    while (going) {
      const { path, ...rest } = kind
      try {
        const answer = await send(running.listen, `${app}.test`, path, { agent, ...rest })
        if (answer.status !== 200 || !answer.body.endsWith(` ${kind.body?.length ?? 0}`))
          lost.push(`${rest.method ?? 'GET'} ${path}: ${answer.status} ${answer.body}`)
      } catch (error) {
        lost.push(`${rest.method ?? 'GET'} ${path}: ${String(error)}`)
      }
      answered++
    }
  }
  const clients = [...kinds, ...kinds].map(client)
  return {
    answered: () => answered,
    async stop() {
      going = false
      await Promise.all(clients)
    },
  }
}

test.each([
  ['kept connections', true],
  ['a connection for each request', false],
])(`${rollouts} rollouts under load, %s: nothing is lost`, { timeout: 60_000 }, async (name, keep) => {
  const { router } = running
  const app = keep ? 'kept' : 'fresh'
  const agent = keep ? keepAliveAgent() : false
  const lost: string[] = []
  let current = [await server(`${name} 0a`), await server(`${name} 0b`)]
  await router.write(
    table(
      app,
      current.map((one) => one.address),
    ),
  )
  const clients = load(app, agent, lost)
  for (let round = 1; round <= rollouts; round++) {
    const next = [await server(`${round}a`), await server(`${round}b`)]
    const wanted = table(
      app,
      next.map((one) => one.address),
    )
    await router.write(wanted)
    await until(() => router.serves(app, wanted), 'the confirmation')
    for (const old of current) {
      await until(async () => (await router.inFlight(old.address)) === 0, 'the drain')
      // Idle connections to it were closed at once; nothing new comes.
      await until(() => old.connections.size === 0, 'the idle connections to go')
      const seen = old.seen
      await old.close()
      expect(old.seen).toBe(seen)
    }
    current = next
    const before = clients.answered()
    await until(() => clients.answered() >= before + 10, 'some requests in each round')
  }
  await clients.stop()
  for (const one of current) await one.close()
  if (agent) agent.destroy()
  await router.remove(app)
  expect(lost).toEqual([])
  expect(clients.answered()).toBeGreaterThan(rollouts * 10)
})

test('one of two servers dies without a word: requests without effect on it are answered by the other', async () => {
  const { router } = running
  const [one, two] = [await server('one'), await server('two')]
  await router.write(table('crash', [one.address, two.address]))
  const agent = keepAliveAgent(4)
  for (let at = 0; at < 8; at++) await send(running.listen, 'crash.test', '/', { agent })
  await one.close()
  for (let at = 0; at < 20; at++) {
    expect(await send(running.listen, 'crash.test', '/', { agent })).toMatchObject({ status: 200, body: 'two 0' })
    expect(await send(running.listen, 'crash.test', '/', { agent, method: 'POST', body: 'abc' })).toMatchObject({
      status: 200,
      body: 'two 3',
    })
  }
  await two.close()
  agent.destroy()
  await router.remove('crash')
})
