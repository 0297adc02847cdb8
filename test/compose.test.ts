/** examples/compose.yaml and examples/platform.yaml have to agree: what one says twice is compared here. */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { parsePlatform } from '../src/config/platform.ts'

const root = join(import.meta.dirname, '..')
const read = (path: string) => readFileSync(join(root, path), 'utf8')
const { services, networks, volumes } = parse(read('examples/compose.yaml'))
const { trimtab, traefik } = services
const { state, runtime, router } = parsePlatform(read('examples/platform.yaml'), { file: '/etc/trimtab/platform.yaml', env: {} })
if (runtime.kind !== 'docker' || router.kind !== 'traefik' || router.run.by !== 'external')
  throw new Error('other kinds than thought')

/** Of Traefik's command line. */
const option = (name: string) => traefik.command.find((one: string) => one.startsWith(`--${name}=`))?.slice(name.length + 3)
/** Where a service has a volume, or a path of the machine. */
const mounts = (service: { volumes: string[] }) =>
  new Map(service.volumes.map((one) => one.split(':')).map(([from = '', to = '', mode = 'rw']) => [from, { to, mode }]))

/** First and last address, as numbers. */
function range(subnet: string): [number, number] {
  const [address = '', bits = ''] = subnet.split('/')
  const first = address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0)
  return [first, first + 2 ** (32 - Number(bits)) - 1]
}

describe('the network of the apps', () => {
  const [config] = networks.apps.ipam.config

  it('is the one that platform.yaml names, and trimtab and Traefik are on it', () => {
    expect(networks.apps.name).toBe(runtime.network)
    expect(config.subnet).toBe(runtime.subnet)
    expect(trimtab.networks).toContain('apps')
    expect(Object.keys(traefik.networks)).toContain('apps')
  })

  it('leaves the addresses to trimtab that it gives to instances', () => {
    const [first, last] = range(config.subnet)
    const [from, to] = range(config.ip_range)
    expect([from, to]).toEqual([first, first + (last - first + 1) / 4 - 1])
  })
})

describe("Traefik's API", () => {
  const address = traefik.networks.control.ipv4_address
  const [config] = networks.control.ipam.config

  it('is where trimtab asks for it', () => {
    expect(router.run).toMatchObject({ api: `http://${address}:8081` })
    expect(option('entrypoints.traefik.address')).toBe(`${address}:8081`)
    expect(trimtab.networks).toContain('control')
  })

  it('is on a network that leads nowhere, at an address that is given to nobody else, and is not published', () => {
    expect(networks.control.internal).toBe(true)
    const [first, last] = range(config.subnet)
    const [own] = range(`${address}/32`)
    expect(own > first + 1 && own < last).toBe(true)
    const [from, to] = range(config.ip_range)
    expect(own < from || own > to).toBe(true)
    expect(traefik.ports.filter((port: string) => port.includes('8081'))).toEqual([])
  })
})

describe('files', () => {
  it('of routes are in one volume, which Traefik watches and only trimtab writes', () => {
    expect(mounts(trimtab).get('routes')).toEqual({ to: '/routes', mode: 'rw' })
    expect(mounts(traefik).get('routes')).toEqual({ to: '/routes', mode: 'ro' })
    expect(router.run).toMatchObject({ routes: '/routes' })
    expect(option('providers.file.directory')).toBe('/routes')
    expect(option('providers.providersthrottleduration')).toBe('20ms')
  })

  it('of the state are in a volume, where the image says that it is', () => {
    expect(mounts(trimtab).get('state')?.to).toBe(state)
    const dockerfile = read('Dockerfile')
    expect(dockerfile).toContain(`VOLUME ${state}\n`)
    expect(dockerfile).toContain(`'${state}/trimtab.sock'`)
    expect(Object.keys(volumes).sort()).toEqual(['certificates', 'routes', 'state'])
  })

  it('of the operator cannot be written from within, and the socket is for trimtab alone', () => {
    expect(mounts(trimtab).get('.')).toEqual({ to: '/etc/trimtab', mode: 'ro' })
    expect(mounts(trimtab).has('/var/run/docker.sock')).toBe(true)
    expect(mounts(traefik).has('/var/run/docker.sock')).toBe(false)
  })
})

it('is what compose understands', (context) => {
  const env = { ...process.env, DOCKER_GROUP: '999' }
  const forms = [['docker', 'compose'], ['docker-compose']] as const
  const [program, ...words] = forms.find(([name = '', ...more]) => spawnSync(name, [...more, 'version']).status === 0) ?? []
  if (program === undefined) return context.skip('no docker compose on this machine')
  const { status, stderr } = spawnSync(program, [...words, '-f', 'examples/compose.yaml', 'config'], {
    cwd: root,
    env,
    encoding: 'utf8',
  })
  expect({ status, stderr: status === 0 ? '' : stderr }).toEqual({ status: 0, stderr: '' })
})
