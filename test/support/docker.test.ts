import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { createEngine } from '../../src/engine/engine.ts'
import { identity } from './claim.ts'
import { type OwnEngine, ownEngine, sharedEngine, stackImage } from './docker.ts'
import { freePort, send, until } from './router.ts'

const mine: OwnEngine[] = []
const engineFor = async (...args: Parameters<typeof ownEngine>) => {
  const own = await ownEngine(...args)
  mine.push(own)
  return own
}
afterEach(async () => {
  for (const own of mine.splice(0)) await own.end()
})

test('the engine of the run has an image with what builds need', async (context) => {
  const { socket } = await sharedEngine(context)
  const { docker } = createEngine(socket)
  const command = 'bash --version; node -v; npm -v; git --version; python3 -V'
  const container = await docker.createContainer({
    Image: await stackImage(socket),
    Cmd: ['sh', '-c', command],
    Tty: true,
    NetworkDisabled: true,
  })
  try {
    const ended = container.wait({ condition: 'next-exit' })
    await container.start()
    expect(await ended).toMatchObject({ StatusCode: 0 })
    expect((await container.logs({ stdout: true })).toString()).toMatch(/GNU bash.*v18\..*git version.*Python 3/s)
  } finally {
    await container.remove({ force: true })
  }
})

test('engines leave one another alone', async (context) => {
  const one = await engineFor(context)
  const served = await serve(one.socket)
  const rules = rulesOf(one)
  expect(rules).toMatch(/--dport 80 -j ACCEPT/)
  expect(rules).toMatch(/MASQUERADE/)
  const other = await engineFor(context)
  await serve(other.socket)
  await other.stop()
  await other.start()
  expect(rulesOf(one)).toBe(rules)
  await other.end()
  expect(rulesOf(one)).toBe(rules)
  expect(await ask(served.port)).toBe(served.boot)
})

test('with live-restore, containers outlive an engine that was stopped or killed', async (context) => {
  const own = await engineFor(context, { liveRestore: true })
  const { port, boot } = await serve(own.socket)
  for (const end of [own.stop, own.kill]) {
    await end()
    await expect(createEngine(own.socket).docker.ping()).rejects.toThrow()
    await own.start()
    expect(await ask(port)).toBe(boot)
  }
})

test.for(['running', 'stopped', 'killed'])('nothing is left of an engine that was %s', async (how, context) => {
  const own = await engineFor(context, { liveRestore: true })
  const { container, pid, bridge } = await serve(own.socket)
  const traces = () => tracesOf(own, container, pid, bridge)
  if (how === 'stopped') await own.stop()
  if (how === 'killed') await own.kill()
  expect(Object.values(traces()).map((found) => found.length > 0)).toEqual([true, true, true, true, true, true])
  await own.end()
  expect(traces()).toEqual({ processes: [], groups: [], mounts: [], links: [], rules: '', files: [] })
})

/** A server in a container, on a network of its own, with a published port. */
async function serve(socket: string) {
  const { docker } = createEngine(socket)
  const network = await docker.createNetwork({ Name: 'served' })
  const port = await freePort()
  const script = `const boot = String(Date.now()); require('http').createServer((_, r) => r.end(boot)).listen(80)`
  const created = await docker.createContainer({
    Image: await stackImage(socket),
    Cmd: ['node', '-e', script],
    StopTimeout: 0,
    ExposedPorts: { '80/tcp': {} },
    HostConfig: { NetworkMode: 'served', PortBindings: { '80/tcp': [{ HostIp: '127.0.0.1', HostPort: String(port) }] } },
  })
  await created.start()
  const answered = () => ask(port).catch(() => '')
  await until(async () => (await answered()) !== '', 'the container to answer')
  const { State } = await created.inspect()
  return { port, boot: await ask(port), container: created.id, pid: State.Pid, bridge: `br-${network.id.slice(0, 12)}` }
}

async function ask(port: number): Promise<string> {
  return (await send({ host: '127.0.0.1', port }, 'served.test')).body
}

/** Whatever the system knows of an engine, its container and its network. */
function tracesOf(own: OwnEngine, container: string, pid: number, bridge: string) {
  const dir = dirname(own.socket)
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name))
  const command = (one: string) => (existsSync(`/proc/${one}/cmdline`) ? readFileSync(`/proc/${one}/cmdline`, 'utf8') : '')
  return {
    processes: pids.filter((one) => (one === String(pid) && identity(pid)) || command(one).includes(`${dir}/`)),
    groups: execFileSync('find', ['/sys/fs/cgroup', '-name', container], { encoding: 'utf8' }).split('\n').filter(Boolean),
    mounts: readFileSync('/proc/self/mounts', 'utf8')
      .split('\n')
      .filter((line) => line.includes(dir)),
    links: readdirSync('/sys/class/net').filter((name) => name === bridge),
    rules: rulesOf(own, bridge),
    files: existsSync(dir) ? readdirSync(dir) : [],
  }
}

/** Its own chains, and what speaks of them or of its networks. */
function rulesOf(own: OwnEngine, bridge = 'br-'): string {
  const chain = `TRIMTAB-${basename(dirname(own.socket))}`
  const base = `-s 10\\.${Number(basename(dirname(own.socket))) * 4}\\.`
  return ['nat', 'filter']
    .flatMap((table) => execFileSync('iptables', ['-w', '-t', table, '-S'], { encoding: 'utf8' }).split('\n'))
    .filter((rule) => new RegExp(`${chain}\\b|${base}`).test(rule) || (bridge !== 'br-' && rule.includes(bridge)))
    .join('\n')
}
