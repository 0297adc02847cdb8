/**
 * Once for a whole run, in the process that outlives all test files: makes the slow parts that are required here, and keeps the
 * engine that the files share, which is started when the first of them asks.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { KEEPER } from './docker.ts'
import { Dockerd } from './dockerd.ts'
import { isRequired } from './need.ts'
import { traefik } from './programs.ts'
import { makeStack, plantStack } from './stack.ts'

export async function setup(): Promise<() => Promise<void>> {
  await Promise.all([isRequired('docker') && makeStack(), isRequired('traefik') && traefik.make()])
  let engine: Promise<Dockerd> | null = null
  const keeper = createServer((_request, response) => {
    engine ??= Dockerd.start({}, plantStack)
    engine.then(
      ({ socket }) => response.end(socket),
      (error: Error) => response.writeHead(500).end(error.message),
    )
  })
  const dir = mkdtempSync(join(tmpdir().length > 60 ? '/tmp' : tmpdir(), 'trimtab-run-'))
  const socket = join(dir, 'keeper.sock')
  await new Promise<void>((resolve) => keeper.listen(socket, resolve))
  process.env[KEEPER] = socket
  return async () => {
    keeper.close()
    keeper.closeAllConnections()
    rmSync(dir, { recursive: true })
    const started = await engine?.catch(() => null)
    started?.end()
  }
}
