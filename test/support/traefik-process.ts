/** A real Traefik of a test's own, told nothing but where the route files are: what it makes of those is what is looked at. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, mkdtempSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Listen, RouteTable } from '../../src/domain.ts'
import { isServed, type RawData, servingOf } from '../../src/router/confirm.ts'
import { renderRoutes } from '../../src/router/traefik.ts'
import { freePort, send, until } from './router.ts'

export class TraefikProcess {
  readonly listen: Listen
  readonly #api: Listen
  readonly #folder: string
  readonly #child: ChildProcess

  private constructor(child: ChildProcess, folder: string, listen: Listen, api: Listen) {
    this.#child = child
    this.#folder = folder
    this.listen = listen
    this.#api = api
  }

  /** `options`: more of its command line, in which OTHER stands for another free address. */
  static async start(binary: string, options: string[] = []): Promise<TraefikProcess> {
    const folder = mkdtempSync(join(tmpdir(), 'trimtab-traefik-'))
    const [web, other, api] = [await address(), await address(), await address()]
    const told = [
      `--entryPoints.web.address=${web.host}:${web.port}`,
      `--entryPoints.traefik.address=${api.host}:${api.port}`,
      '--api.insecure=true',
      `--providers.file.directory=${folder}`,
      '--providers.providersThrottleDuration=20ms',
      '--global.checkNewVersion=false',
      ...options.map((option) => option.replace('OTHER', `${other.host}:${other.port}`)),
    ]
    const log = openSync(join(folder, 'log'), 'w')
    const child = spawn(binary, told, { stdio: ['ignore', log, log], cwd: folder })
    closeSync(log)
    const traefik = new TraefikProcess(child, folder, web, api)
    const answers = () =>
      traefik.raw().then(
        () => true,
        () => false,
      )
    try {
      await until(answers, 'Traefik to answer')
    } catch (error) {
      const said = traefik.log()
      await traefik.stop()
      throw new Error(`${String(error)}\n${said}`)
    }
    return traefik
  }

  /** Everything it says of itself. */
  async raw(): Promise<RawData> {
    return JSON.parse((await send(this.#api, 'localhost', '/api/rawdata')).body)
  }

  /** Writes the tables' files and waits until it serves exactly those. */
  async serve(...tables: RouteTable[]): Promise<void> {
    for (const table of tables) this.write(table.app, renderRoutes(table))
    const served = async () => {
      const serving = servingOf(await this.raw())
      return tables.every((table) => isServed(serving, table.app, table))
    }
    await until(served, `${tables.map(({ app }) => app)} to be served`).catch((error: unknown) => {
      throw new Error(`${String(error)}\n${this.log()}`)
    })
  }

  write(app: string, text: string): void {
    const path = join(this.#folder, `${app}.yml`)
    writeFileSync(`${path}.new`, text)
    renameSync(`${path}.new`, path)
  }

  log(): string {
    return readFileSync(join(this.#folder, 'log'), 'utf8')
  }

  async stop(): Promise<void> {
    const ended = once(this.#child, 'exit')
    this.#child.kill('SIGKILL')
    await ended
    rmSync(this.#folder, { recursive: true, force: true })
  }
}

async function address(): Promise<Listen> {
  return { host: '127.0.0.1', port: await freePort() }
}
