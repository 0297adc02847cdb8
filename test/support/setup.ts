/**
 * Once for a whole run, in the process that outlives all test files: makes the slow parts that are required here, and keeps the
 * engine that the files share, which is started when the first of them asks.
 */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { KEEPER } from './docker.ts'
import { Dockerd } from './dockerd.ts'
import { isRequired } from './need.ts'
import { lifecycle, pebble, traefik } from './programs.ts'
import { makeStack, plantStack } from './stack.ts'

export async function setup(): Promise<() => Promise<void>> {
  await Promise.all([
    isRequired('docker') && makeStack(),
    isRequired('traefik') && traefik.make(),
    isRequired('pebble') && pebble.make(),
    isRequired('lifecycle') && lifecycle.make(),
  ])
  let engine: Promise<Dockerd> | null = null
  const keeper = createServer((_request, response) => {
    engine ??= Dockerd.start({}, plantStack)
    engine.then(
      ({ socket }) => response.end(socket),
      (error: Error) => response.writeHead(500).end(error.message),
    )
  })
  await new Promise<void>((resolve) => keeper.listen(0, '127.0.0.1', resolve))
  process.env[KEEPER] = String((keeper.address() as AddressInfo).port)
  return async () => {
    keeper.close()
    keeper.closeAllConnections()
    const started = await engine?.catch(() => null)
    started?.end()
  }
}
