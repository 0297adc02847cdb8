/** Apps as containers, on a Docker Engine. */
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { LABEL, platformName } from '../../../src/engine/labels.ts'
import { engineMissing, sharedEngine, stackImage } from '../docker.ts'
import { processesOf } from '../processes.ts'
import { packageRegistries } from '../registries.ts'
import type { KindRuntime, Running } from './kind.ts'
import { strangeProcesses } from './processes.ts'

export interface Containers extends KindRuntime {
  /** The docker command on this engine; gives what it printed. */
  docker(...args: string[]): string
}

/** On the engine of this test run. */
export const containers = containersOn(async () => (await sharedEngine(null)).socket)

/** On the engine that answers on this socket; it is asked for when it is first needed. */
export function containersOn(engine: () => Promise<string>): Containers {
  let socket = ''
  const ready = async () => {
    socket = await engine()
    return stackImage(socket)
  }
  const docker = (...args: string[]) =>
    execFileSync('docker', args, { encoding: 'utf8', env: { ...process.env, DOCKER_HOST: `unix://${socket}` } })
  const lines = (...args: string[]) =>
    docker(...args)
      .split('\n')
      .filter((line) => line !== '')

  function alive(state: string, app: string): Array<Running & { oneOff: boolean }> {
    const running = ['--filter', 'status=running', '--filter', 'status=paused', '--filter', `label=${LABEL.app}=${app}`]
    return lines('ps', '--no-trunc', ...ours(state), ...running, '--format', FORMAT)
      .flatMap((line) => {
        const [id = '', name = '', process = '', release = '', role = '', spec = ''] = line.split('\t')
        // A build of the app is none of its instances.
        if (role === 'build' || name === '') return []
        const oneOff = role === 'run' || /"oneOff":\s*true/.test(spec)
        return [{ id, name, process, release: Number(release), index: Number(name.split('.').at(-1)), oneOff }]
      })
      .sort((a, b) => (a.name < b.name ? -1 : 1))
  }

  /** A network of the smallest size, on which all addresses but so many are taken by containers that never run. */
  function narrow(state: string, image: string, instances: number): string {
    const name = `narrow-${platformName(undefined, state)}`
    const third = 100 + Math.floor(Math.random() * 100)
    const fourth = 16 * Math.floor(Math.random() * 16)
    docker('network', 'create', '--subnet', `10.213.${third}.${fourth}/28`, name)
    // Of sixteen, instances may have those from the fifth to the last but one.
    for (let host = 4 + instances; host <= 14; host++) {
      const address = `10.213.${third}.${fourth + host}`
      docker('create', '--name', `${FILLER}${name}-${host}`, '--network', name, '--ip', address, image, 'true')
    }
    return name
  }

  return {
    name: 'docker',
    isOnHost: false,
    docker,
    missing: async () => engineMissing(),
    async keys() {
      const image = await ready()
      // In a container nothing of the host's own settings is seen.
      return { runtime: { kind: 'docker', socket }, stack: { image }, builds: packageRegistries() }
    },
    async tight(state, instances) {
      const image = await ready()
      return { runtime: { kind: 'docker', socket, network: narrow(state, image, instances) }, stack: { image } }
    },
    running: (state, app) => alive(state, app).flatMap(({ oneOff, ...one }) => (oneOff ? [] : [one])),
    oneOffs: (state, app) => alive(state, app).filter(({ oneOff }) => oneOff).length,
    freeze(_state, { id }) {
      // Not by the engine's own freezer, which gives up where processes are being started.
      for (const pid of lines('top', id, '-eo', 'pid').slice(1)) process.kill(Number(pid), 'SIGSTOP')
    },
    kill: (_state, { id }) => void docker('kill', id),
    strangers(dir, state, known) {
      const format = `{{.State}}\t{{.Label "${LABEL.instance}"}}\t{{.Label "${LABEL.role}"}}\t{{.Names}}`
      const others = lines('ps', '--all', ...ours(state), '--format', format).filter((line) => {
        const [status = '', instance = '', role = ''] = line.split('\t')
        // One build container may stand ready for the next build.
        return role === '' ? status !== 'running' || instance === '' : role !== 'build'
      })
      return [...others, ...strangeProcesses(dir, known)]
    },
    leftOvers: (dir) => [
      ...lines('ps', '--all', ...ours(join(dir, 'state')), '--format', '{{.Names}}: {{.Status}}'),
      ...processesOf(dir).map(({ pid, command }) => `${pid}: ${command}`),
    ],
    strike(state) {
      const name = platformName(undefined, state)
      insist(() => {
        const all = (...args: string[]) => lines(...args, ...ours(state), '--quiet')
        const each = (ids: string[], ...args: string[]) => ids.length > 0 && docker(...args, ...new Set(ids))
        const fillers = lines('ps', '--all', '--quiet', '--filter', `name=${FILLER}narrow-${name}`)
        each([...fillers, ...all('ps', '--all')], 'rm', '--force', '--volumes')
        each(all('volume', 'ls'), 'volume', 'rm')
        each(lines('images', '--format', '{{.Repository}}:{{.Tag}}', `trimtab/${name}`), 'rmi', '--force')
      })
      const narrow = lines('network', 'ls', '--quiet', '--filter', `name=narrow-${name}`)
      for (const network of [...lines('network', 'ls', ...ours(state), '--quiet'), ...narrow]) removeNetwork(network)
    },
  }

  /** Of a container that was removed while it was being connected, the engine may keep the endpoint, and the network with it. */
  function removeNetwork(network: string): void {
    const left = () => lines('network', 'inspect', '--format', '{{range .Containers}}{{println .Name}}{{end}}', network)
    try {
      insist(() => {
        for (const endpoint of left()) docker('network', 'disconnect', '--force', network, endpoint)
        docker('network', 'rm', network)
      })
    } catch (error) {
      // One that it lists no container of goes with the engine.
      if (!/has active endpoints/.test(String(error)) || left().length > 0) throw error
    }
  }
}

/** The engine may still be busy with what was told to go a moment ago. */
function insist(act: () => void): void {
  for (let tries = 1; ; tries++) {
    try {
      return act()
    } catch (error) {
      if (tries === 50) throw error
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100)
    }
  }
}

const FORMAT = [
  '{{.ID}}',
  ...[LABEL.instance, LABEL.process, LABEL.release, LABEL.role, LABEL.spec].map((name) => `{{.Label "${name}"}}`),
].join('\t')

const FILLER = 'filler-'

function ours(state: string): string[] {
  return ['--filter', `label=${LABEL.platform}=${platformName(undefined, state)}`]
}
