/** trimtab in a container of its own image: it is healthy, deploys an app, and ends and comes back as it does elsewhere. */
import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { get } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { createEngine } from '../../src/engine/engine.ts'
import { ensureNetwork } from '../../src/engine/network.ts'
import { engineMissing, sharedEngine, stackImage } from '../support/docker.ts'
import { need } from '../support/need.ts'
import { makeRepo } from '../support/repo.ts'
import { makeImage, removeImage } from './image.ts'

/** The user that the image runs as. */
const USER = '10001'
const name = `image-${process.pid}`
const image = `trimtab-test/${name}`
let socket: string
let dir: string
let options: string[]

const missing = engineMissing()
beforeEach((context) => need(context, 'docker', missing))
beforeAll(async () => {
  if (missing !== null) return
  socket = (await sharedEngine(null)).socket
  const engine = createEngine(socket)
  const stack = await stackImage(socket)
  const [network] = await Promise.all([ensureNetwork(engine, { platform: name, name }), makeImage(engine, image, stack)])

  dir = mkdtempSync(join(tmpdir(), 'trimtab-image-'))
  chmodSync(dir, 0o755)
  mkdirSync(join(dir, 'etc'))
  cpSync(join(import.meta.dirname, '../../examples/hello'), join(dir, 'hello'), { recursive: true })
  makeRepo(join(dir, 'hello')).commit()
  execFileSync('chown', ['-R', USER, join(dir, 'hello')])
  const runtime = `{kind: docker, name: ${name}, network: ${name}, subnet: ${network.subnet}}`
  writeFileSync(
    join(dir, 'etc/platform.yaml'),
    [
      `runtime: ${runtime}`,
      'state: /var/lib/trimtab',
      `stack: {image: "${stack}"}`,
      'router: {listen: ":8080"}',
      'apps: [{name: hello, repo: /srv/hello}]',
    ].join('\n'),
  )
  // As examples/compose.yaml has it.
  options = [
    ...['--group-add', String(statSync(socket).gid), '--cap-drop', 'ALL', '--security-opt', 'no-new-privileges'],
    ...[
      '--volume',
      `${socket}:/var/run/docker.sock`,
      '--volume',
      `${dir}/etc:/etc/trimtab:ro`,
      '--volume',
      `${name}:/var/lib/trimtab`,
    ],
    ...['--volume', `${dir}/hello:/srv/hello:ro`],
  ]
  docker('run', '--detach', '--name', name, '--network', name, '--health-interval', '1s', ...options, image)
}, 240_000)

afterAll(async () => {
  if (missing !== null || !socket) return
  const engine = createEngine(socket)
  const containers = docker('ps', '--all', '--quiet', '--filter', `label=trimtab.platform=${name}`).split('\n').filter(Boolean)
  spawnSync('docker', ['-H', `unix://${socket}`, 'rm', '--force', '--volumes', name, ...containers])
  for (const kind of ['volume', 'network']) {
    const found = docker(kind, 'ls', '--quiet', '--filter', `label=trimtab.platform=${name}`).split('\n').filter(Boolean)
    spawnSync('docker', ['-H', `unix://${socket}`, kind, 'rm', ...found, name])
  }
  const built = docker('images', '--format', '{{.Repository}}:{{.Tag}}', `trimtab/${name}`).split('\n').filter(Boolean)
  for (const one of [...built, image]) await removeImage(engine, one)
  rmSync(dir, { recursive: true, force: true })
})

function docker(...args: string[]): string {
  return execFileSync('docker', ['-H', `unix://${socket}`, ...args], { encoding: 'utf8', stdio: 'pipe' }).trim()
}

const state = (what: string) => docker('inspect', '--format', `{{${what}}}`, name)

async function until(condition: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const end = Date.now() + 90_000
  while (!(await condition())) {
    if (Date.now() > end) throw new Error(`${what} is not so after 90 s:\n${docker('logs', name)}`)
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

/** What the app says, through the router in the container. */
function answer(): Promise<string> {
  const host = docker('inspect', '--format', `{{(index .NetworkSettings.Networks "${name}").IPAddress}}`, name)
  return new Promise((resolve) => {
    const asked = get(
      { host, port: 8080, headers: { host: 'hello.apps.localhost' }, agent: false, timeout: 2000 },
      (response) => {
        let text = ''
        response.setEncoding('utf8').on('data', (part) => (text += part))
        response.on('end', () => resolve(text))
      },
    )
    asked.on('timeout', () => asked.destroy())
    asked.on('error', () => resolve(''))
  })
}

const instances = () =>
  docker(
    'ps',
    '--quiet',
    '--filter',
    `label=trimtab.platform=${name}`,
    '--filter',
    'label=trimtab.app=hello',
    '--filter',
    'label=trimtab.instance',
  )

it('is healthy, as a user without rights, and deploys an app', { timeout: 120_000 }, async () => {
  await until(() => state('.State.Health.Status') === 'healthy', 'Its health')
  expect(docker('exec', name, 'id', '--user')).toBe(USER)
  await until(async () => (await answer()).startsWith('Hello from v1'), 'The answer of the app')
  expect(JSON.parse(docker('exec', name, 'trimtab', 'status', '--json'))).toMatchObject([{ app: 'hello', status: 'Live' }])
})

it('finds itself in order, and says so if it is not on the network of the apps', () => {
  type Checks = Array<{ name: string; level: string; message: string }>
  const own: Checks = JSON.parse(docker('exec', name, 'trimtab', 'doctor', '--json'))
  expect(own.filter(({ level }) => level === 'fail')).toEqual([])
  expect(own.find((check) => check.name === 'docker network')?.message).toMatch(new RegExp(`^${name}, [\\d./]+$`))
  const elsewhere = spawnSync(
    'docker',
    ['-H', `unix://${socket}`, 'run', '--rm', '--network', 'none', ...options, image, 'doctor', '--json'],
    {
      encoding: 'utf8',
    },
  )
  expect(elsewhere.status).toBe(1)
  const found = (JSON.parse(elsewhere.stdout) as Checks).filter(({ level }) => level === 'fail')
  expect(found).toMatchObject([{ name: 'docker network', message: `this container is not on ${name}, and reaches no app` }])
})

it('ends when it is told to, leaves the app running, and takes it over again', { timeout: 120_000 }, async () => {
  const before = instances()
  expect(before).toMatch(/^[0-9a-f]+$/)
  docker('stop', '--time', '30', name)
  expect(state('.State.ExitCode')).toBe('0')
  expect(instances()).toBe(before)
  docker('start', name)
  await until(() => state('.State.Health.Status') === 'healthy', 'Its health')
  await until(async () => (await answer()).startsWith('Hello from v1'), 'The answer of the app')
  expect(instances()).toBe(before)
})
