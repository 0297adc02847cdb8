import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Listen } from '../../src/domain.ts'
import { Client } from '../../src/http/client.ts'
import { createServer, type HttpServer } from '../../src/http/server.ts'
import { socketPath } from '../../src/http/socket.ts'
import { MemoryControl } from './memory-control.ts'

export interface Served {
  state: string
  control: MemoryControl
  client: Client
  server: HttpServer
  close(): Promise<void>
}

/** The real server on a real socket, with a platform that exists only in memory behind it. */
export async function served(listen: Listen | null = null): Promise<Served> {
  const state = await mkdtemp(join(tmpdir(), 'trimtab-http-'))
  const control = new MemoryControl()
  const server = await createServer({ control, socketPath: socketPath(state), listen })
  const close = async () => {
    await server.close()
    await rm(state, { recursive: true, force: true })
  }
  return { state, control, client: new Client(state), server, close }
}

/** Resolves as soon as `holds` is true. */
export async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 5))
}
