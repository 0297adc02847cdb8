/**
 * Starting an instance: an address, a container that claims it, and off it goes. Killed in between it leaves a container that was
 * never started: whoever looks next clears it away (tend.ts), and the instance is started anew.
 */
import type { ContainerCreateOptions } from 'dockerode'
import { type Instance, type InstanceSpec, instanceName, type Listen } from '../../domain.ts'
import { type Engine, Refusal } from '../../engine/engine.ts'
import type { Addresses } from './addresses.ts'
import { containerOf, PORT } from './container.ts'
import { labelsOf } from './labels.ts'
import { isAddressRefused, isCpusRefused, isNameTaken, startError } from './refusals.ts'

export interface StartTools {
  engine: Engine
  platform: string
  addresses: Addresses
  now(): number
}

/** Somebody may have taken the address, or the network: so often another is tried. */
const TRIES = 4
/** A slow disk is no reason to make a container twice. */
export const CREATE_LIMIT_MS = 60_000

export interface Started {
  id: string
  instance: Instance
}

/** There must be no instance of this name. Errors: StartFailed, NoPort, DiskFull, RuntimeUnavailable; then there is nothing left of it. */
export async function startInstance(tools: StartTools, spec: InstanceSpec, avoid: Listen[]): Promise<Started> {
  const refused = new Set<string>()
  for (let tries = 1; ; tries++) {
    const address = spec.oneOff ? null : await addressFor(tools, spec, avoid, refused)
    try {
      return await startAt(tools, spec, address)
    } catch (error) {
      if (!isAddressRefused(error) || tries === TRIES) throw startError(instanceName(spec), spec.app, spec.image.ref, error)
      tools.addresses.forget()
      if (address) refused.add(address.host)
    } finally {
      if (address) tools.addresses.free(address.host)
    }
  }
}

async function addressFor(
  { addresses }: StartTools,
  { image }: InstanceSpec,
  avoid: Listen[],
  refused: Set<string>,
): Promise<Listen> {
  return { host: await addresses.take(avoid, refused), port: image.foreign?.port ?? PORT }
}

async function startAt(tools: StartTools, spec: InstanceSpec, address: Listen | null): Promise<Started> {
  const { engine, platform, addresses, now } = tools
  const startedAt = now()
  const name = instanceName(spec)
  const [network, isRoot] = await Promise.all([addresses.network(), runsAsRoot(engine, spec)])
  const labels = labelsOf(platform, spec, { address, startedAt })
  const id = await create(engine, namesOf(name, platform), (called) =>
    containerOf(spec, { name: called, labels, network: network.name, address, isRoot }),
  )
  await launch(engine, id)
  const { app, process, release, index, commit, fingerprint, image, oneOff, stop, health } = spec
  const identity = { name, app, process, release, index, commit, fingerprint, imageKey: image.key, oneOff, stop, health }
  return { id, instance: { ...identity, state: 'running', startedAt, ...(address && { address }) } }
}

/** The first for people; the others where it is another platform's, or of a container that the engine cannot remove. */
function namesOf(name: string, platform: string): string[] {
  const longer = `${name}.${platform}`
  return [name, longer, `${longer}.2`, `${longer}.3`]
}

/** Makes it under the first of these names that is free; gives its id. */
export async function create(
  engine: Engine,
  names: string[],
  options: (name: string) => ContainerCreateOptions,
  allCpus = false,
): Promise<string> {
  const [name = '', ...others] = names
  try {
    const wanted = options(name)
    const { HostConfig, ...rest } = wanted
    const { NanoCpus: _, ...withoutCpus } = HostConfig ?? {}
    const asked = allCpus ? { ...rest, HostConfig: withoutCpus } : wanted
    const made = await engine.ask((docker, abortSignal) => docker.createContainer({ ...asked, abortSignal }), CREATE_LIMIT_MS)
    return made.id
  } catch (error) {
    // As many as there are is what more than there are come to.
    if (isCpusRefused(error) && !allCpus) return create(engine, names, options, true)
    if (isNameTaken(error) && others.length > 0) return create(engine, others, options, allCpus)
    throw error
  }
}

/** Starts what was made; what cannot be started is not left behind. */
async function launch(engine: Engine, id: string): Promise<void> {
  try {
    await engine.ask((docker, abortSignal) => docker.getContainer(id).start({ abortSignal }), CREATE_LIMIT_MS)
  } catch (error) {
    if (!(error instanceof Refusal)) throw error // it may have been started for all we know: whoever looks next sees
    if (error.status === 304) return
    await removeContainer(engine, id).catch(() => {})
    throw error
  }
}

/** With what is its alone (anonymous volumes). Nothing happens if there is none. */
export async function removeContainer(engine: Engine, id: string, force = true): Promise<void> {
  try {
    await engine.ask((docker, abortSignal) => docker.getContainer(id).remove({ force, v: true, abortSignal }), CREATE_LIMIT_MS)
  } catch (error) {
    const isGone = error instanceof Refusal && (error.status === 404 || /removal .* already in progress/i.test(error.message))
    if (!isGone) throw error
  }
}

/** Only an image of somebody else's may: those that trimtab builds have a user of their own. */
export async function runsAsRoot(engine: Engine, { image }: InstanceSpec): Promise<boolean> {
  if (!image.foreign) return false
  const found = await engine.ask((docker) => docker.getImage(image.ref).inspect())
  const [user = ''] = (found.Config?.User ?? '').split(':')
  return user === '' || user === 'root' || /^0+$/.test(user)
}
