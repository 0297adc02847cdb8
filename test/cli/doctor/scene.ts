/** A folder in which `trimtab doctor` is run, as it is installed. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest'
import { CompiledCli } from '../../support/compiled-cli.ts'

export interface Check {
  name: string
  level: 'ok' | 'warn' | 'fail'
  message: string
  remedy?: string
}

export interface Found {
  code: number | null
  all: Check[]
  find(name: string): Check | undefined
}

export interface Scene {
  /** Anew for each test. */
  dir: string
  /** Writes platform.yaml; `apps: []` is added, and where not given, addresses that nobody listens on. */
  platform(text: string): void
  doctor(env?: Record<string, string>): Promise<Found>
  /** What a person sees. */
  printed(env?: Record<string, string>): Promise<string>
}

export function scene(): Scene {
  let cli: CompiledCli
  beforeAll(async () => {
    cli = await CompiledCli.make()
  })
  afterAll(() => cli.remove())
  beforeEach(() => {
    here.dir = mkdtempSync(join(tmpdir(), 'trimtab-doctor-'))
  })
  afterEach(() => rmSync(here.dir, { recursive: true, force: true }))

  const here: Scene = {
    dir: '',
    platform(text) {
      const router = /^router:/m.test(text) ? '' : 'router: {listen: "127.0.0.1:1"}\n'
      const http = /^http:/m.test(text) ? '' : 'http: {listen: "127.0.0.1:0"}\n'
      writeFileSync(join(here.dir, 'platform.yaml'), `${text}\n${router}${http}apps: []\n`)
    },
    async doctor(env = {}) {
      const { code, out, err } = await cli.run(['doctor', '--json'], { cwd: here.dir, env: { DOCKER_HOST: '', ...env } })
      if (err !== '') throw new Error(err)
      const all = JSON.parse(out) as Check[]
      return { code, all, find: (name) => all.find((check) => check.name === name) }
    },
    async printed(env = {}) {
      return (await cli.run(['doctor'], { cwd: here.dir, env: { DOCKER_HOST: '', ...env } })).out
    },
  }
  return here
}

/** A port of 127.0.0.1 that nobody listens on now. */
export async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  return typeof address === 'object' && address !== null ? address.port : 0
}
