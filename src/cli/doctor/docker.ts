/** The Docker Engine: whether it is there, may be used, is new enough, and has what trimtab needs on it. */
import { stat } from 'node:fs/promises'
import { userInfo } from 'node:os'
import type { DockerRuntimeSpec, PlatformSpec } from '../../domain.ts'
import { TrimtabError } from '../../errors.ts'
import { checkNetwork, checkStack } from './apps.ts'
import { type Check, fail, ok } from './check.ts'
import { checkEngine, type Engine } from './engine.ts'
import { checkRegistry } from './registry.ts'

/** `usable`: `runtime: auto` would take it. */
export interface Examined {
  checks: Check[]
  usable: boolean
}

const LIMIT_MS = 5_000

export async function checkDocker(spec: PlatformSpec, env: NodeJS.ProcessEnv): Promise<Examined> {
  const settings = dockerOf(spec)
  if (settings === null) return { checks: [ok('docker', `not used (runtime: process)`)], usable: false }
  const { createEngine, socketOf } = await import('../../engine/engine.ts')
  const socket = socketOf(settings.socket, env)
  const unusable = await whyNot(socket, createEngine(socket))
  if (unusable !== null)
    return { checks: [graded({ ...unusable, message: unusable.message + passedOver(settings, env) }, spec)], usable: false }
  try {
    const engine = createEngine(socket)
    const checks = [
      ...(await checkEngine(engine, LIMIT_MS)),
      await checkStack(engine, spec.stack.image, LIMIT_MS),
      await checkNetwork(engine, settings, spec.state, LIMIT_MS),
      ...(await checkRegistry(engine, spec, LIMIT_MS)),
    ]
    return { checks: checks.map((check) => graded(check, spec)), usable: checks.every(({ level }) => level !== 'fail') }
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    return { checks: [graded(fail('docker', message, 'Look at its log: journalctl -u docker'), spec)], usable: false }
  }
}

/** Null: this platform has no use for an engine. */
export function dockerOf({ runtime }: PlatformSpec): DockerRuntimeSpec | null {
  if (runtime.kind === 'auto') return runtime.docker
  return runtime.kind === 'docker' ? runtime : null
}

/** Where the platform can do without, what is missing is no failure. */
function graded(check: Check, { runtime, router }: PlatformSpec): Check {
  const optional = runtime.kind === 'auto' && !(router.kind === 'traefik' && router.run.by === 'container')
  if (!optional || check.level !== 'fail') return check
  return { ...check, level: 'warn', remedy: `${check.remedy}. Until then runtime: auto runs local processes` }
}

async function whyNot(socket: string, engine: Engine): Promise<Check | null> {
  const found = await stat(socket).catch((error: NodeJS.ErrnoException) => error.code ?? error.message)
  if (found === 'ENOENT') {
    return fail(
      'docker',
      `there is no socket ${socket}`,
      'apt-get install docker.io (or https://docs.docker.com/engine/install/)',
    )
  }
  if (typeof found === 'object' && !found.isSocket()) {
    return fail(
      'docker',
      `${socket} is no socket`,
      "Name the engine's: runtime: {kind: docker, socket: …} in platform.yaml, or DOCKER_HOST",
    )
  }
  try {
    await engine.ask((docker) => docker.ping(), LIMIT_MS)
    return null
  } catch (error) {
    if (!(error instanceof TrimtabError)) throw error
    const code = (error.cause as NodeJS.ErrnoException | undefined)?.code
    return fail(
      'docker',
      error.message,
      REMEDIES[code ?? ''] ?? 'systemctl restart docker, and look at its log: journalctl -u docker',
    )
  }
}

const REMEDIES: Record<string, string> = {
  EACCES: `usermod -aG docker ${userInfo().username}, then log in again (in a container: group_add, with the group of the socket)`,
  ECONNREFUSED: 'systemctl enable --now docker',
}

/** An address that is not local is not used, which somebody who has set it should know. */
function passedOver({ socket }: DockerRuntimeSpec, { DOCKER_HOST }: NodeJS.ProcessEnv): string {
  const remote = socket === undefined && DOCKER_HOST !== undefined && DOCKER_HOST !== '' && !DOCKER_HOST.startsWith('unix://')
  return remote ? '; DOCKER_HOST names no local socket, and only a local one is used' : ''
}
