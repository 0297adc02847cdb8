/** The addresses that trimtab and its router listen on. */
import { readdir, readFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import type { Listen, PlatformSpec } from '../../domain.ts'
import { readText } from '../../http/request.ts'
import { type Check, fail, ok } from './check.ts'
import { dockerOf } from './docker.ts'
import { type Holder, holderOf } from './holder.ts'

interface Port {
  /** In platform.yaml. */
  key: string
  listen: Listen
  /** By the engine, which may take any port. */
  published: boolean
}

/** `running`: `up` has this state, so that a port in use is in use by it. */
export async function checkPorts(
  spec: PlatformSpec,
  { running, env }: { running: boolean; env: NodeJS.ProcessEnv },
): Promise<Check[]> {
  return Promise.all(portsOf(spec).map((port) => checkPort(port, spec, running, env)))
}

function portsOf({ http, router }: PlatformSpec): Port[] {
  const ours = { key: 'http.listen', listen: http, published: false }
  if (router.kind === 'embedded') return [{ key: 'router.listen', listen: router.listen, published: false }, ours]
  // Somebody else's Traefik listens where it was told to, which may be on another machine.
  if (router.run.by === 'external') return [ours]
  const published = router.run.by === 'container'
  const https = router.https ? [{ key: 'router.https', listen: router.https.listen, published }] : []
  return [{ key: 'router.listen', listen: router.listen, published }, ...https, ours]
}

async function checkPort(
  { key, listen, published }: Port,
  spec: PlatformSpec,
  running: boolean,
  env: NodeJS.ProcessEnv,
): Promise<Check> {
  const where = `${listen.host}:${listen.port}`
  const code = await tryListen(listen)
  if (code === null) return ok(key, `${where} is free`)
  if (code === 'EACCES' && published) return ok(key, `${where} (the engine may take it)`)
  if (code === 'EACCES') {
    const remedy = `Set another ${key}, or sysctl net.ipv4.ip_unprivileged_port_start=${listen.port} (systemd: AmbientCapabilities=CAP_NET_BIND_SERVICE)`
    return fail(key, `${where}: ports below 1024 need a right`, remedy)
  }
  if (code !== 'EADDRINUSE') return fail(key, `${where}: ${code}`, `Set ${key} in platform.yaml to an address of this machine`)
  if (running) return ok(key, `${where}, in use by trimtab`)
  const holder = await holderOf(listen)
  if (await isOurs(listen, holder, spec, env))
    return ok(key, `${where}, in use by trimtab's router (it goes on when \`up\` ends)`)
  return fail(key, `${where} is in use by ${holder?.name ?? 'another program'}`, `End it, or set another ${key} in platform.yaml`)
}

/** The error's code; null: one could listen. */
async function tryListen({ host, port }: Listen): Promise<string | null> {
  const server = createServer()
  return new Promise((resolve) => {
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message))
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(null)))
  })
}

async function isOurs(listen: Listen, holder: Holder | null, spec: PlatformSpec, env: NodeJS.ProcessEnv): Promise<boolean> {
  if (holder?.pid !== undefined && (await recorded(spec.state)).includes(holder.pid)) return true
  if (spec.router.kind === 'traefik' && spec.router.run.by === 'container') return isPublished(listen, spec, env)
  return isEmbedded(listen)
}

/** Process ids that routers of this platform have written down. */
async function recorded(state: string): Promise<number[]> {
  const dir = join(state, 'router')
  const names = await readdir(dir).catch(() => [])
  const texts = await Promise.all(
    names.filter((name) => name.endsWith('.json')).map((name) => readFile(join(dir, name), 'utf8').catch(() => '')),
  )
  return texts.map((text) => Number(/"pid":\s*(\d+)/.exec(text)?.[1] ?? 0)).filter((pid) => pid > 0)
}

/** Its page for a host nobody serves is known. */
async function isEmbedded({ host, port }: Listen): Promise<boolean> {
  const { request } = await import('node:http')
  const text = await new Promise<string>((resolve) => {
    const asked = request({ host, port, path: '/', headers: { host: 'trimtab-doctor.invalid' }, agent: false, timeout: 2000 })
    asked.on('response', (response) => resolve(readText(response).catch(() => '')))
    asked.on('timeout', () => asked.destroy())
    asked.on('error', () => resolve(''))
    asked.end()
  })
  return text.startsWith('404 Not found: No app is served at this address.')
}

/** Whether the engine publishes the port for a container of this platform's. */
async function isPublished({ port }: Listen, spec: PlatformSpec, env: NodeJS.ProcessEnv): Promise<boolean> {
  const [{ createEngine, socketOf }, { ours, platformName }] = await Promise.all([
    import('../../engine/engine.ts'),
    import('../../engine/labels.ts'),
  ])
  const docker = dockerOf(spec)
  try {
    const filters = ours(platformName(docker?.name, spec.state))
    const found = await createEngine(socketOf(docker?.socket, env)).ask((engine) => engine.listContainers({ filters }), 5_000)
    return found.some(({ Ports }) => Ports.some(({ PublicPort }) => PublicPort === port))
  } catch {
    return false
  }
}
