/**
 * A Docker Engine of the tests' own: in a folder of its own, with addresses of its own, and with chains of its own in the packet
 * filter, so that it disturbs no other engine of the machine. What it leaves behind is known by that folder's name.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { chmodSync, closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import { identity } from './claim.ts'
import { removeEngine } from './dockerd-removal.ts'
import { bridgeOf, chainOf, deadSlots, poolOf, takeSlot } from './dockerd-slot.ts'

export interface DockerdOptions {
  /** Containers run on while the engine is away. */
  liveRestore?: boolean
}

/** Usually half a second. */
const START_MS = 60_000

/** Why no engine can be started here, or null. */
export function dockerdMissing(): string | null {
  if (process.platform !== 'linux') return 'only Linux runs containers itself'
  if (process.getuid?.() !== 0) return 'only root may start a dockerd of its own'
  for (const [program, from] of Object.entries({
    dockerd: 'docker.io',
    ip: 'iproute2',
    iptables: 'iptables',
    setpriv: 'util-linux',
  })) {
    if (programPath(program) === null) return `no ${program} on this machine (apt-get install ${from})`
  }
  return null
}

export class Dockerd {
  readonly dir: string
  readonly socket: string
  private readonly args: string[]
  private child: ChildProcess | null = null

  private constructor(slot: number, dir: string, { liveRestore = false }: DockerdOptions) {
    this.dir = dir
    this.socket = join(dir, 'docker.sock')
    this.args = [
      ...['--data-root', join(dir, 'data'), '--exec-root', join(dir, 'exec'), '--pidfile', join(dir, 'dockerd.pid')],
      ...['--host', `unix://${this.socket}`, '--config-file', join(dir, 'daemon.json'), '--bridge', bridgeOf(slot).name],
      ...['--default-address-pool', `base=${poolOf(slot)},size=20`],
      ...(liveRestore ? ['--live-restore'] : []),
    ]
  }

  /** Starts one, once what dead processes left behind has been removed; `plant` puts something into its data first. */
  static async start(options: DockerdOptions = {}, plant?: (data: string) => Promise<void>): Promise<Dockerd> {
    for (const dead of deadSlots()) removeDead(dead)
    const { slot, dir } = takeSlot()
    writeFileSync(join(dir, 'daemon.json'), '{}\n')
    ownChains(dir, slot)
    ownBridge(slot)
    const dockerd = new Dockerd(slot, dir, options)
    try {
      await plant?.(join(dir, 'data'))
      await dockerd.start()
    } catch (error) {
      dockerd.end()
      throw error
    }
    return dockerd
  }

  async start(): Promise<void> {
    const log = openSync(join(this.dir, 'dockerd.log'), 'a')
    // It must not outlive who started it, however that ends; its containers then wait for the next run to be removed.
    const child = spawn('setpriv', ['--pdeathsig', 'TERM', 'dockerd', ...this.args], {
      stdio: ['ignore', log, log],
      env: { ...process.env, PATH: `${join(this.dir, 'bin')}:${process.env.PATH}` },
    })
    closeSync(log)
    this.child = child
    child.once('error', () => {})
    const late = Date.now() + START_MS
    while (!(await answers(this.socket))) {
      if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined || Date.now() > late) {
        throw new Error(`dockerd has not started:\n${this.log()}`)
      }
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }

  /** As an operator stops it. */
  stop(): Promise<void> {
    return this.signal('SIGTERM')
  }

  async kill(): Promise<void> {
    await this.signal('SIGKILL')
    // Its containerd dies with it. Until init has looked, the next engine would take the dead one for alive, and wait for it.
    const pidFile = join(this.dir, 'exec/containerd/containerd.pid')
    const pid = existsSync(pidFile) ? Number(readFileSync(pidFile, 'utf8')) : 0
    while (identity(pid) !== null) await new Promise((resolve) => setTimeout(resolve, 10))
    rmSync(pidFile, { force: true })
  }

  /** The last of what it has said. */
  log(): string {
    const path = join(this.dir, 'dockerd.log')
    return existsSync(path) ? readFileSync(path, 'utf8').split('\n').slice(-30).join('\n') : ''
  }

  /** Removes it with all that it has. */
  end(): void {
    removeEngine(this.dir)
  }

  private async signal(signal: NodeJS.Signals): Promise<void> {
    const child = this.child
    if (!child || child.exitCode !== null || child.signalCode !== null) return
    const exited = new Promise((resolve) => child.once('exit', resolve))
    child.kill(signal)
    await exited
  }
}

/** What cannot be removed now is the next run's to try, and nothing that this one must fail for. */
function removeDead(dir: string): void {
  try {
    removeEngine(dir)
  } catch (error) {
    console.error(`An engine that a dead test run left behind cannot be removed: ${(error as Error).message}`)
  }
}

function ownBridge(slot: number): void {
  const { name, address } = bridgeOf(slot)
  execFileSync('ip', ['link', 'add', name, 'type', 'bridge'])
  execFileSync('ip', ['address', 'add', address, 'dev', name])
  execFileSync('ip', ['link', 'set', name, 'up'])
}

/**
 * Engines flush the chains DOCKER… of the packet filter when they start, whosever they are: published ports of another engine
 * would be gone. This one finds an `iptables` that puts chains of its own in their place, and lets the machine's policies be.
 */
function ownChains(dir: string, slot: number): void {
  mkdirSync(join(dir, 'bin'))
  const script = `#!/bin/sh
for arg; do
  shift
  case $arg in
    -P | --policy) exit 0 ;;
    DOCKER | DOCKER-*) arg=${chainOf(slot)}\${arg#DOCKER} ;;
  esac
  set -- "$@" "$arg"
done
exec ${programPath('iptables')} "$@"
`
  writeFileSync(join(dir, 'bin/iptables'), script)
  chmodSync(join(dir, 'bin/iptables'), 0o755)
}

function answers(socketPath: string): Promise<boolean> {
  return new Promise((resolve) => {
    const asked = request({ socketPath, path: '/_ping', agent: false, timeout: 5_000 }, (response) => {
      response.resume()
      resolve(response.statusCode === 200)
    })
    asked.once('timeout', () => asked.destroy())
    asked.once('error', () => resolve(false))
    asked.end()
  })
}

function programPath(name: string): string | null {
  try {
    return execFileSync('/bin/sh', ['-c', 'command -v "$0"', name], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim()
  } catch {
    return null
  }
}
