/** A platform of its own on the tests' Docker Engine: its runtime, a tiny image as buildpacks leave them, and a look from outside. */
import { mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type Docker from 'dockerode'
import { afterEach, type TestContext, vi } from 'vitest'
import { type Instance, type InstanceSpec, instanceName } from '../../../src/domain.ts'
import { createEngine, isMissing } from '../../../src/engine/engine.ts'
import { LABEL } from '../../../src/engine/labels.ts'
import type { Runtime } from '../../../src/ports.ts'
import { createDockerRuntime, type DockerRuntimeOptions } from '../../../src/runtime/docker/runtime.ts'
import { sharedEngine, stackImage } from '../../support/docker.ts'
import { until } from '../world.ts'

export { until } from '../world.ts'

export interface World {
  docker: Docker
  socket: string
  state: string
  platform: string
  /** Reference of an image with a launcher in /app, owned and run by user 1000. */
  image: string
  /** On a network that it shares with the other tests, unless it is given one (undefined: one of its own). */
  runtime(options?: Partial<DockerRuntimeOptions>): Runtime
  /** The containers of this platform, whatever they are. */
  containers(): Promise<Docker.ContainerInfo[]>
  /** The one container of this instance; throws if there is none. */
  inspect(spec: InstanceSpec): Promise<Docker.ContainerInspectInfo>
  container(spec: InstanceSpec): Promise<Docker.Container>
  /** The same image with more done to it, by root. */
  derive(script: string, changes?: Record<string, unknown>): Promise<string>
  /** Done when the test is over. */
  after(undo: () => Promise<unknown> | unknown): void
}

// Containers take their time where many are made at once.
vi.setConfig({ testTimeout: 60_000 })

/** One for all tests of a file: to make one takes longer than most tests. */
const network = `trimtab-test-${process.pid}`

const undone: Array<() => Promise<unknown> | unknown> = []
let count = 0

afterEach(async () => {
  for (const undo of undone.splice(0).reverse()) await undo()
})

/** The last that is named here is done first. */
export function afterTest(undo: () => Promise<unknown> | unknown): void {
  undone.push(undo)
}

export async function createWorld(context: TestContext, socket?: string): Promise<World> {
  const on = socket ?? (await sharedEngine(context)).socket
  const { docker } = createEngine(on)
  const base = await stackImage(on)
  const platform = `t${process.pid}-${++count}`
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'trimtab-docker-')))
  const image = await launchable(docker, base)
  const after = afterTest
  const filters = { label: [`${LABEL.platform}=${platform}`] }
  const containers = () => docker.listContainers({ all: true, filters })
  after(async () => {
    for (const { Id } of await containers()) await docker.getContainer(Id).remove({ force: true, v: true }).catch(ignoreMissing)
    const networks = (await docker.listNetworks({ filters })).filter(({ Name }) => Name !== network)
    for (const { Id } of networks) await docker.getNetwork(Id).remove().catch(ignoreMissing)
    rmSync(root, { recursive: true, force: true })
  })
  async function container(spec: InstanceSpec): Promise<Docker.Container> {
    const found = (await containers()).find(({ Labels }) => Labels[LABEL.instance] === instanceName(spec))
    if (!found) throw new Error(`no container of ${instanceName(spec)}`)
    return docker.getContainer(found.Id)
  }
  return {
    ...{ docker, socket: on, state: join(root, 'state'), platform, image, after, containers, container },
    runtime(options = {}) {
      const runtime = createDockerRuntime({ engine: createEngine(on), platform, network, state: join(root, 'state'), ...options })
      after(() => runtime.close())
      return runtime
    },
    inspect: async (spec) => (await container(spec)).inspect(),
    async derive(script, changes = {}) {
      const name = `trimtab-test/${platform}-${++count}:1`
      after(() => docker.getImage(name).remove({ force: true }).catch(ignoreMissing))
      await bake(docker, image, script, name, changes)
      return name
    },
  }
}

/** As the builder makes it: sources .profile.d, becomes the command. */
const LAUNCH = `
cd /app
for file in .profile.d/*.sh; do if [[ -f $file ]]; then . "$file"; fi; done
if [[ $1 = -c ]]; then exec bash -c "$2"; fi
exec bash -c "$(cat /app/.trimtab/processes/\${1:-web})"
`

async function launchable(docker: Docker, base: string): Promise<string> {
  const name = 'trimtab-test/launchable:1'
  const script = `mkdir -p /app/.trimtab && printf '%s' ${sh(LAUNCH)} > /app/.trimtab/launch && chown -R 1000:1000 /app`
  const made = await docker.getImage(name).inspect().catch(ignoreMissing)
  return made ? name : bake(docker, base, script, name, { User: '1000', WorkingDir: '/app' })
}

async function bake(docker: Docker, base: string, script: string, name: string, changes: object): Promise<string> {
  const HostConfig = { NetworkMode: 'none' }
  const container = await docker.createContainer({
    Image: base,
    User: '0',
    Entrypoint: ['/bin/sh', '-c'],
    Cmd: [script],
    HostConfig,
  })
  await container.start()
  const { StatusCode } = await container.wait()
  if (StatusCode !== 0) throw new Error(`${script}: ${StatusCode}`)
  const [repo, tag] = name.split(':')
  const { Config } = await docker.getImage(base).inspect()
  await container.commit({
    repo,
    tag,
    _query: { repo, tag, container: container.id },
    _body: { ...Config, Cmd: null, ...changes },
  })
  await container.remove()
  return name
}

export function specOf(world: Pick<World, 'image'>, command: string, more: Partial<InstanceSpec> = {}): InstanceSpec {
  return {
    app: 'shop',
    process: 'web',
    release: 1,
    index: 1,
    commit: 'c'.repeat(40),
    fingerprint: 'f1',
    image: { key: 'k1', ref: world.image, processTypes: {}, configVars: {} },
    command,
    env: {},
    stop: { signal: 'SIGTERM', timeoutMs: 10_000 },
    health: { intervalMs: 1000, timeoutMs: 1000, graceMs: 1000 },
    oneOff: false,
    ...more,
  }
}

export async function one(runtime: Runtime, spec: InstanceSpec): Promise<Instance | undefined> {
  return (await runtime.list(spec.app)).find(({ name }) => name === instanceName(spec))
}

export function exited(runtime: Runtime, spec: InstanceSpec): Promise<NonNullable<Instance['exit']>> {
  return until(async () => (await one(runtime, spec))?.exit, `${instanceName(spec)} to exit`)
}

export function printed(runtime: Runtime, spec: InstanceSpec, text: string): Promise<string[]> {
  const name = instanceName(spec)
  return until(async () => {
    const lines = await runtime.tail(spec.app, name, 10_000)
    return lines.some((line) => line.includes(text)) && lines
  }, `${name} to print ${text}`)
}

/** In single quotes, for a shell. */
export function sh(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`
}

export function ignoreMissing(error: unknown): void {
  const { statusCode } = error as { statusCode?: number }
  if (statusCode !== 404 && statusCode !== 409 && !isMissing(error)) throw error
}
