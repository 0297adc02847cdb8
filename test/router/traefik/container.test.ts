/** Traefik as a container that trimtab runs, on a real engine. */
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, type TestContext, test } from 'vitest'
import type { TraefikSpec } from '../../../src/domain.ts'
import { createEngine } from '../../../src/engine/engine.ts'
import { LABEL } from '../../../src/engine/labels.ts'
import { ensureNetwork, networkName } from '../../../src/engine/network.ts'
import { containerSpec } from '../../../src/router/traefik/container-spec.ts'
import { placeOf, readRecord } from '../../../src/router/traefik/place.ts'
import { createTraefikRouter } from '../../../src/router/traefik/router.ts'
import { sharedEngine, stackImage } from '../../support/docker.ts'
import { freePort, send, table, until } from '../../support/router.ts'
import { traefikBinary } from '../../support/traefik.ts'
import { traefikImage } from './image.ts'
import { askedAllTheTime } from './world.ts'

const closing: Array<() => unknown> = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

const SERVER = `
  const late = new Map()
  require('http').createServer((q, r) => {
    if (q.url === '/slow') late.set(q, r)
    else if (q.url === '/end') { for (const one of late.values()) one.end('late'); late.clear(); r.end('ended') }
    else r.end(process.env.NAME)
  }).listen(5000)`

async function world(context: TestContext) {
  const { socket } = await sharedEngine(context)
  const image = await traefikImage(socket, await traefikBinary(context))
  const engine = createEngine(socket)
  const { docker } = engine
  const state = mkdtempSync(join(tmpdir(), 'trimtab-traefik-'))
  const platform = `traefik-${process.pid}-${Math.floor(Math.random() * 1e6)}`
  const listen = { host: '127.0.0.1', port: await freePort() }
  const spec: TraefikSpec = { kind: 'traefik', run: { by: 'container', image }, listen }
  const again = (changed: Partial<TraefikSpec> = {}) =>
    createTraefikRouter({ state, spec: { ...spec, ...changed }, engine, platform })
  const router = again()
  const name = `trimtab-${platform}-traefik`
  closing.push(async () => {
    await router.stop()
    await docker
      .getNetwork(networkName({ platform }))
      .remove()
      .catch(() => {})
    rmSync(state, { recursive: true, force: true })
  })
  return {
    router,
    again,
    spec,
    engine,
    docker,
    state,
    platform,
    listen,
    name,
    inspect: () => docker.getContainer(name).inspect(),
    /** An app's instance on the platform's network. */
    async app(named: string) {
      const { name: network } = await ensureNetwork(engine, { platform })
      const container = await docker.createContainer({
        Image: await stackImage(socket),
        Cmd: ['node', '-e', SERVER],
        Env: [`NAME=${named}`],
        HostConfig: { NetworkMode: network },
      })
      closing.push(() => container.remove({ force: true }))
      await container.start()
      const host = (await container.inspect()).NetworkSettings.Networks[network]?.IPAddress ?? ''
      const address = { host, port: 5000 }
      await until(() => send(address, named).then(Boolean, () => false), `${named} to answer`)
      return { container, address, network }
    },
  }
}

test('what the container is made of', () => {
  const place = placeOf('/srv/state')
  const shared = {
    name: 'n',
    platform: 'p',
    image: 'traefik:v3',
    network: 'trimtab-p',
    place,
    routes: '/srv/state/routes',
    made: 'm',
  }
  const https = { listen: { host: '0.0.0.0', port: 443 }, files: [], redirect: true }
  const made = containerSpec({ ...shared, listen: { host: '0.0.0.0', port: 80 }, https, apiPort: 4000, user: '1000:1000' })
  expect(made).toEqual({
    name: 'n',
    Image: 'traefik:v3',
    Entrypoint: ['traefik'],
    Cmd: ['--configFile=/srv/state/router/traefik.yml'],
    User: '1000:1000',
    Labels: { 'trimtab.platform': 'p', 'trimtab.role': 'router', 'trimtab.spec': 'm' },
    ExposedPorts: { '8080/tcp': {}, '8443/tcp': {}, '8081/tcp': {} },
    HostConfig: {
      NetworkMode: 'trimtab-p',
      PortBindings: {
        '8080/tcp': [{ HostIp: '0.0.0.0', HostPort: '80' }],
        '8443/tcp': [{ HostIp: '0.0.0.0', HostPort: '443' }],
        '8081/tcp': [{ HostIp: '127.0.0.1', HostPort: '4000' }],
      },
      Mounts: [
        { Type: 'bind', Source: '/srv/state/router', Target: '/srv/state/router' },
        { Type: 'bind', Source: '/srv/state/routes', Target: '/srv/state/routes', ReadOnly: true },
      ],
      RestartPolicy: { Name: 'unless-stopped' },
      CapDrop: ['ALL'],
      SecurityOpt: ['no-new-privileges'],
      ReadonlyRootfs: true,
      LogConfig: { Type: 'json-file', Config: { 'max-size': '1m', 'max-file': '2' } },
    },
  })
})

test('serves containers, is made once, and is found again', { timeout: 60_000 }, async (context) => {
  const { router, again, app, listen, inspect, platform } = await world(context)
  expect(await router.ensure()).toBe(true)
  const { address } = await app('hello')
  const hello = table('hello', [address])
  await router.write(hello)
  await until(() => router.serves('hello', hello))
  expect(await send(listen, 'hello.test')).toMatchObject({ status: 200, body: 'hello' })
  const first = await inspect()
  expect(first.Config.Labels).toMatchObject({ [LABEL.platform]: platform, [LABEL.role]: 'router' })
  expect(await router.ensure()).toBe(false)
  expect(await again().ensure()).toBe(false)
  expect((await inspect()).Id).toBe(first.Id)
})

test('nobody on the network reads its API', { timeout: 60_000 }, async (context) => {
  const { router, app, inspect, state } = await world(context)
  await router.ensure()
  const { container, network } = await app('curious')
  const traefik = (await inspect()).NetworkSettings.Networks[network]?.IPAddress
  const asked = async (path: string) => {
    const exec = await container.exec({
      Cmd: ['curl', '-s', '-o', '/dev/null', '-w', '%{http_code}', `http://${traefik}:8081${path}`],
      AttachStdout: true,
    })
    const stream = await exec.start({})
    let said = ''
    for await (const part of stream) said += part.subarray(8).toString()
    return said
  }
  for (const path of ['/api/rawdata', '/api/overview', '/metrics', '/dashboard/']) expect(await asked(path)).toBe('404')
  // That it could be reached at all, which is not what protects it:
  expect(await asked(`/api/${readRecord(placeOf(state)).api.key}/api/version`)).toBe('200')
})

test('whatever is done to it by hand, it is put right', { timeout: 180_000 }, async (context) => {
  const { router, app, listen, docker, name, inspect } = await world(context)
  await router.ensure()
  const { address, network } = await app('hello')
  const hello = table('hello', [address])
  await router.write(hello)
  const hands: Array<[string, () => Promise<unknown>]> = [
    ['kill', () => docker.getContainer(name).kill()],
    ['stop', () => docker.getContainer(name).stop({ t: 1 })],
    ['remove', () => docker.getContainer(name).remove({ force: true })],
    ['disconnect', () => docker.getNetwork(network).disconnect({ Container: name, Force: true })],
  ]
  for (const [what, hand] of hands) {
    await until(() => router.serves('hello', hello), `it to serve before: ${what}`)
    await hand()
    expect(await router.ensure(), what).toBe(true)
    await until(() => router.serves('hello', hello), `it to serve after: ${what}`)
    expect((await send(listen, 'hello.test')).body, what).toBe('hello')
    expect(await router.ensure(), what).toBe(false)
  }
  // The engine itself starts it again where it dies.
  const { Id, State } = await inspect()
  process.kill(State.Pid, 'SIGKILL')
  await until(async () => (await inspect()).State.StartedAt !== State.StartedAt)
  expect(await router.ensure()).toBe(false)
  await until(() => router.serves('hello', hello).catch(() => false))
  expect((await inspect()).Id).toBe(Id)
})

test('requests in flight are counted in its own network', { timeout: 60_000 }, async (context) => {
  const { router, app, listen } = await world(context)
  await router.ensure()
  const { address } = await app('hello')
  const hello = table('hello', [address])
  await router.write(hello)
  await until(() => router.serves('hello', hello))
  await until(() => send(listen, 'hello.test').then(({ status }) => status === 200))
  await until(async () => (await router.inFlight(address)) === 0)
  const slow = send(listen, 'hello.test', '/slow')
  await until(async () => (await router.inFlight(address)) === 1)
  await new Promise((resolve) => setTimeout(resolve, 1_500))
  expect(await router.inFlight(address)).toBe(1)
  await send(listen, 'hello.test', '/end')
  expect((await slow).body).toBe('late')
  await until(async () => (await router.inFlight(address)) === 0)
})

test('another image of the same name is taken up by the next trimtab', { timeout: 60_000 }, async (context) => {
  const { spec, again, docker, inspect } = await world(context)
  const [repo, tag] = [`trimtab-test/traefik-${process.pid}`, 'v3']
  const run = { by: 'container' as const, image: `${repo}:${tag}` }
  const { image } = spec.run as typeof run
  await docker.getImage(image).tag({ repo, tag })
  closing.push(() => docker.getImage(run.image).remove({ force: true }))
  const router = again({ run })
  expect(await router.ensure()).toBe(true)
  expect(await again({ run }).ensure()).toBe(false)
  const { Id } = await inspect()
  const container = await docker.createContainer({ Image: image })
  await container.commit({ repo, tag, comment: 'a newer one' })
  await container.remove()
  expect(await router.ensure()).toBe(false)
  expect(await again({ run }).ensure()).toBe(true)
  expect((await inspect()).Id).not.toBe(Id)
  expect(await again({ run }).ensure()).toBe(false)
})

test('a changed configuration replaces it', { timeout: 60_000 }, async (context) => {
  const { router, again, app, listen, inspect } = await world(context)
  await router.ensure()
  const { address } = await app('hello')
  const hello = table('hello', [address])
  await router.write(hello)
  await until(() => router.serves('hello', hello))
  const { Id } = await inspect()
  const load = askedAllTheTime(listen, 'hello.test')
  await until(() => load.answered() > 20)
  const next = again({ https: { listen: { host: '127.0.0.1', port: await freePort() }, files: [], redirect: false } })
  expect(await next.ensure()).toBe(true)
  await until(() => next.serves('hello', hello))
  expect((await inspect()).Id).not.toBe(Id)
  const { lost, asked, gapMs } = await load.stop()
  console.log(`container replaced: ${lost} of ${asked} requests lost, none served for ${gapMs} ms`)
  expect(gapMs).toBeLessThan(15_000)
})

test('an address that is taken, an image that is not there, one that ends at once', { timeout: 90_000 }, async (context) => {
  const { router, again, listen, docker, name, spec, engine, state, platform } = await world(context)
  const other = createServer()
  await new Promise<void>((resolve) => other.listen(listen.port, '127.0.0.1', resolve))
  await expect(router.ensure()).rejects.toMatchObject({
    code: 'RouterUnavailable',
    message: expect.stringMatching(new RegExp(`another program has port ${listen.port}.*Traefik says: `)),
  })
  await new Promise((resolve) => other.close(resolve))
  await expect(again({ run: { by: 'container', image: 'registry.invalid/no/traefik:v3' } }).ensure()).rejects.toMatchObject({
    code: 'RouterUnavailable',
    message: expect.stringMatching(
      /^The image registry\.invalid\/no\/traefik:v3 is not there, and cannot be pulled: .*docker load/,
    ),
  })
  const silent = await stackImage(engine.socket)
  await expect(again({ run: { by: 'container', image: silent } }).ensure()).rejects.toMatchObject({ code: 'RouterUnavailable' })
  await expect(docker.getContainer(name).inspect()).rejects.toMatchObject({ statusCode: 404 })
  const gone = createTraefikRouter({ state, spec, engine: createEngine('/nowhere.sock'), platform })
  await expect(gone.ensure()).rejects.toMatchObject({ code: 'RouterUnavailable', retry: true })
  const stranger = await docker.createContainer({ name, Image: silent, Cmd: ['true'] })
  closing.push(() => stranger.remove({ force: true }))
  await expect(again().ensure()).rejects.toThrow(/is not trimtab's\. Remove it: docker rm -f/)
  await stranger.remove({ force: true })
  closing.pop()
  expect(() => createTraefikRouter({ state, spec, platform })).toThrow(/needs a Docker Engine/)
})
