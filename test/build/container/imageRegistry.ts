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

/** A registry on loopback, which engines ask without TLS, that wants to know who asks. Gives its host. */
export async function imageRegistry(context: TestContext): Promise<string> {
  const program = where('docker-registry')
  need(context, 'registry', program === null ? 'docker-registry is not installed (apt-get install docker-registry)' : null)
  const dir = mkdtempSync(join(tmpdir(), 'trimtab-registry-'))
  const host = `127.0.0.1:${await freePort()}`
  writeFileSync(join(dir, 'htpasswd'), `${LOGIN.username}:${HASH}\n`)
  const config = {
    version: 0.1,
    storage: { filesystem: { rootdirectory: join(dir, 'data') } },
    http: { addr: host },
    auth: { htpasswd: { realm: 'house', path: join(dir, 'htpasswd') } },
  }
  writeFileSync(join(dir, 'config.yml'), JSON.stringify(config))
  const registry = spawn(program ?? '', ['serve', join(dir, 'config.yml')], { stdio: 'ignore' })
  const ended = new Promise((resolve) => registry.once('close', resolve))
  onTestFinished(async () => {
    registry.kill('SIGKILL')
    await ended
    rmSync(dir, { recursive: true })
  })
  await vi.waitFor(async () => expect401((await fetch(`http://${host}/v2/`)).status), 10_000)
  return host
}

function expect401(status: number): void {
  if (status !== 401) throw new Error(`the registry answers with ${status}`)
}

function where(program: string): string | null {
  try {
    return execFileSync('which', [program], { encoding: 'utf8' }).trim()
  } catch {
    return null
  }
}
