/**
 * A Go module proxy of the test's own: it gives out what the machine's own go command has downloaded into its module cache, whose
 * layout is that of a proxy (go.dev/ref/mod#module-cache), with what the checksum database said of it.
 */
import { execFile } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join, normalize } from 'node:path'
import { promisify } from 'node:util'
import type { TestContext } from 'vitest'

const run = promisify(execFile)

/** The Go that is downloaded here: never the machine's own. */
export const GO = '1.25.6'
/** A module of a few files, without dependencies; its gf256 needs next to nothing of Go's own. */
export const SMALL = 'rsc.io/qr@v0.2.0'
export const TOOLCHAIN = `golang.org/toolchain@v0.0.1-go${GO}.linux-${process.arch === 'arm64' ? 'arm64' : 'amd64'}`

export interface GoProxy {
  url: string
  /** What was asked for. */
  asked: string[]
  close(): Promise<void>
}

/** Where the go command keeps what it has downloaded; it is asked for these modules. Skips the test where there is no go, or no way to them. */
async function downloaded(context: Pick<TestContext, 'skip'>, modules: string[]): Promise<string> {
  try {
    const env = { ...process.env, GOTOOLCHAIN: 'local', GOFLAGS: '-modcacherw' }
    for (const module of modules) await run('go', ['mod', 'download', module], { cwd: '/', env, timeout: 120_000 })
    const { stdout } = await run('go', ['env', 'GOMODCACHE'], { cwd: '/' })
    return join(stdout.trim(), 'cache/download')
  } catch (error) {
    return context.skip(`the go command has no ${modules.join(', ')} for the tests: ${(error as Error).message.split('\n')[0]}`)
  }
}

export interface GoProxyOptions {
  /** What it has; nothing is asked of the machine's go command where it is to have nothing. */
  modules?: string[]
  /** The releases of Go that it lists. */
  list?: string[]
  /** Where it listens. */
  host?: string
  /** Puts something else, or a status, in the place of an answer. */
  change?: (path: string, content: Buffer | null) => Buffer | number | null
}

/** The caller closes it. */
export async function goProxy(context: Pick<TestContext, 'skip'>, options: GoProxyOptions = {}): Promise<GoProxy> {
  const { modules = [TOOLCHAIN], list = [GO], host = '127.0.0.1', change = (_path, content) => content } = options
  const root = modules.length > 0 ? await downloaded(context, modules) : '/nowhere'
  const asked: string[] = []
  const server = createServer((request, response) => {
    const path = normalize(decodeURIComponent(request.url ?? '/'))
    asked.push(path)
    const answer = change(path, path === '/golang.org/toolchain/@v/list' ? listed(list) : contentOf(root, path))
    if (typeof answer === 'number') response.writeHead(answer).end()
    else response.writeHead(answer === null ? 404 : 200).end(answer)
  })
  await new Promise<void>((resolve) => server.listen(0, host, resolve))
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve())
      server.closeAllConnections()
    })
  return { url: `http://${host}:${(server.address() as AddressInfo).port}`, asked, close }
}

/** In the order in which a proxy may list them: none. */
function listed(versions: string[]): Buffer {
  return Buffer.from(versions.map((version) => `v0.0.1-go${version}.linux-amd64\n`).join(''))
}

function contentOf(root: string, path: string): Buffer | null {
  if (path === '/sumdb/sum.golang.org/supported') return Buffer.from('')
  const file = join(root, path)
  if (existsSync(file)) return readFileSync(file)
  // A part of a tile: the beginning of any longer one that is there.
  const [, tile = '', width] = /^(\/sumdb\/.*\/tile\/.*?)\.p\/(\d+)$/.exec(path) ?? []
  if (width === undefined) return null
  const longer = [tile, ...partsOf(root, tile)].map((one) => join(root, one)).filter(existsSync)
  const data = longer.map((one) => readFileSync(one)).find(({ length }) => length >= 32 * Number(width))
  return data?.subarray(0, 32 * Number(width)) ?? null
}

function partsOf(root: string, tile: string): string[] {
  const folder = join(root, `${tile}.p`)
  return existsSync(folder) ? readdirSync(folder).map((name) => `${tile}.p/${name}`) : []
}
