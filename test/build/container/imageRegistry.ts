import { execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished, type TestContext, vi } from 'vitest'
import { need } from '../../support/need.ts'
import { freePort } from '../serve.ts'

export const LOGIN = { username: 'house', password: 'registry-secret' }
/** The password, as `htpasswd -B` writes it. */
const HASH = '$2b$04$pndsdHcRn.cQy0YXs076zOYCHVVnOOJYH9CQ97Rsp4XcRCXNzGX2q'

/** A registry that a test may stop, look into and damage. */
export interface OwnRegistry {
  host: string
  /** Where it keeps what it has. */
  data: string
  start(): Promise<void>
  stop(): Promise<void>
  /** Tags of a repository, asked of it directly; [] where there is none. */
  tags(repository: string): Promise<string[]>
}

/** A registry on loopback, which engines ask without TLS, that wants to know who asks. Gives its host. */
export async function imageRegistry(context: TestContext): Promise<string> {
  return (await ownRegistry(context)).host
}

/** The same, to be handled. `open`: it does not want to know who asks. */
export async function ownRegistry(context: TestContext, { open = false } = {}): Promise<OwnRegistry> {
  const program = where('docker-registry')
  need(context, 'registry', program === null ? 'docker-registry is not installed (apt-get install docker-registry)' : null)
  const dir = mkdtempSync(join(tmpdir(), 'trimtab-registry-'))
  const data = join(dir, 'data')
  const host = `127.0.0.1:${await freePort()}`
  writeFileSync(join(dir, 'htpasswd'), `${LOGIN.username}:${HASH}\n`)
  const config = {
    version: 0.1,
    storage: { filesystem: { rootdirectory: data } },
    http: { addr: host },
    ...(!open && { auth: { htpasswd: { realm: 'house', path: join(dir, 'htpasswd') } } }),
  }
  writeFileSync(join(dir, 'config.yml'), JSON.stringify(config))
  let stop = async () => {}
  const start = async () => {
    const registry = spawn(program ?? '', ['serve', join(dir, 'config.yml')], { stdio: 'ignore' })
    const ended = new Promise((resolve) => registry.once('close', resolve))
    stop = async () => {
      registry.kill('SIGKILL')
      await ended
    }
    await vi.waitFor(async () => expectStatus(open ? 200 : 401, (await fetch(`http://${host}/v2/`)).status), 10_000)
  }
  onTestFinished(async () => {
    await stop()
    rmSync(dir, { recursive: true })
  })
  await start()
  return {
    host,
    data,
    start,
    stop: () => stop(),
    async tags(repository) {
      const authorization = `Basic ${Buffer.from(`${LOGIN.username}:${LOGIN.password}`).toString('base64')}`
      const answer = await fetch(`http://${host}/v2/${repository}/tags/list`, { headers: open ? {} : { authorization } })
      return answer.status === 404 ? [] : (((await answer.json()) as { tags: string[] | null }).tags ?? [])
    },
  }
}

function expectStatus(wanted: number, status: number): void {
  if (status !== wanted) throw new Error(`the registry answers with ${status}`)
}

function where(program: string): string | null {
  try {
    return execFileSync('which', [program], { encoding: 'utf8' }).trim()
  } catch {
    return null
  }
}
