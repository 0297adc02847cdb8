/**
 * What runs the apps and what brings requests to them: decided when trimtab starts, and written down in the state directory, so
 * that `down` finds what there is to stop without platform.yaml, and a change of either is seen as the move that it is.
 */
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { DockerRuntimeSpec, PlatformSpec, ProcessRuntimeSpec, RouterSpec } from './domain.ts'
import { createEngine, socketOf } from './engine/engine.ts'
import { platformName } from './engine/labels.ts'
import { asTrimtabError } from './errors.ts'

/** Docker with everything filled in that platform.yaml may leave open. */
export type ChosenDocker = DockerRuntimeSpec & { socket: string; name: string }
export type ChosenRuntime = ProcessRuntimeSpec | ChosenDocker

export interface Chosen {
  runtime: ChosenRuntime
  router: RouterSpec
  /** What ran the apps before, where it may still run some. */
  former?: ChosenRuntime
}

export interface Choice extends Chosen {
  /** Why, where the operator left it open: for a person. */
  note: string | null
}

/** Decides. Asks the engine where the operator said `auto`, and waits for it no longer than a moment. */
export async function choose(platform: PlatformSpec, before: Chosen | null, env: NodeJS.ProcessEnv): Promise<Choice> {
  const { runtime, router } = platform
  const docker = (spec: DockerRuntimeSpec): ChosenDocker => ({
    ...spec,
    socket: socketOf(spec.socket, env),
    name: platformName(spec.name, platform.state),
  })
  const decided = (chosen: ChosenRuntime, note: string | null): Choice => ({
    runtime: chosen,
    router,
    note,
    ...formerOf(chosen, before),
  })
  if (runtime.kind === 'docker') return decided(docker(runtime), null)
  if (runtime.kind === 'process') return decided(runtime, null)

  const wanted = docker(runtime.docker)
  const hindrance = await whyNot(wanted.socket, platform.stack.image)
  if (hindrance === null) return decided(wanted, `runtime: docker (auto: an engine answers on ${wanted.socket})`)
  // What runs in containers is not started a second time because their engine is away for a moment.
  if (before?.runtime.kind === 'docker') return decided(wanted, `runtime: docker (auto: as before, although ${hindrance})`)
  return decided(runtime.process, `runtime: process (auto: ${hindrance})`)
}

async function whyNot(socket: string, stack: string): Promise<string | null> {
  const engine = createEngine(socket)
  try {
    await engine.ask((docker) => docker.ping(), 3_000)
  } catch (error) {
    return `no Docker Engine is in reach: ${asTrimtabError(error).message}`.replace(/\.$/, '')
  }
  try {
    await engine.ask((docker) => docker.getImage(stack).inspect(), 3_000)
    return null
  } catch {
    return `the Docker Engine on ${socket} has no image ${stack}; "trimtab stack build" makes one`
  }
}

/** Another kind, another engine, or another name on it: what ran before is still to be seen. */
function formerOf(runtime: ChosenRuntime, before: Chosen | null): Pick<Chosen, 'former'> {
  const place = (one: ChosenRuntime) => (one.kind === 'docker' ? `${one.socket} ${one.name}` : 'process')
  const earlier = [before?.runtime, before?.former].find((one) => one !== undefined && place(one) !== place(runtime))
  return earlier ? { former: earlier } : {}
}

const fileOf = (state: string) => join(state, 'chosen.json')

/** What there was before anything was written down: that it could be otherwise is younger than many a state directory. */
const FIRST: Chosen = {
  runtime: { kind: 'process', ports: { from: 20_000, to: 29_999 } },
  router: { kind: 'embedded', listen: { host: '127.0.0.1', port: 8080 } },
}

/** Null: nothing has run here yet. */
export function readChosen(state: string): Chosen | null {
  try {
    const { runtime, router, former } = JSON.parse(readFileSync(fileOf(state), 'utf8')) as Partial<Chosen>
    if (runtime && router) return { runtime, router, ...(former && { former }) }
  } catch {
    // Not there, or damaged.
  }
  return existsSync(join(state, 'instances')) ? FIRST : null
}

export function writeChosen(state: string, { runtime, router, former }: Chosen): void {
  const file = fileOf(state)
  writeFileSync(`${file}.tmp`, `${JSON.stringify({ runtime, router, ...(former && { former }) }, null, 2)}\n`, { mode: 0o600 })
  renameSync(`${file}.tmp`, file)
}
