/** A socket between a runtime and its engine, on which questions are counted, held up, or refused. */
import { mkdtempSync, rmSync } from 'node:fs'
import { connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { World } from './world.ts'

export interface Proxy {
  socket: string
  /** "GET /containers/json", in the order they came; each has a connection of its own. */
  asked: string[]
  /** Takes questions, and answers none of them until `resume`. */
  pause(): void
  resume(): void
  /** Nobody listens any more, and what was open is broken off. */
  leave(): Promise<void>
  back(): Promise<void>
}

export async function createProxy(world: World): Promise<Proxy> {
  const dir = mkdtempSync(join(tmpdir(), 'trimtab-proxy-'))
  const socket = join(dir, 'docker.sock')
  const asked: string[] = []
  const open = new Set<Socket>()
  let held: Array<() => void> | null = null

  const server = createServer((client) => {
    const engine = connect(world.socket)
    for (const one of [client, engine]) {
      open.add(one)
      one.on('error', () => {})
      one.once('close', () => {
        open.delete(one)
        for (const other of [client, engine]) other.destroy()
      })
    }
    client.once('data', (bytes) => {
      asked.push(/^\w+ [^? ]+/.exec(bytes.toString('latin1'))?.[0] ?? '')
      const go = () => {
        engine.write(bytes)
        client.pipe(engine)
        engine.pipe(client)
      }
      if (held) held.push(go)
      else go()
    })
  })
  const listen = () => new Promise<void>((resolve) => server.listen(socket, resolve))
  const leave = async () => {
    const closed = new Promise((resolve) => server.close(resolve))
    for (const one of open) one.destroy()
    await closed
  }
  await listen()
  world.after(async () => {
    if (server.listening) await leave()
    rmSync(dir, { recursive: true, force: true })
  })
  return {
    socket,
    asked,
    pause() {
      held ??= []
    },
    resume() {
      const waiting = held ?? []
      held = null
      for (const go of waiting) go()
    },
    leave,
    back: listen,
  }
}
