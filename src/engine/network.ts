/**
 * The network that instances are on. It has a subnet of its own, so that each instance can be given an address that stays its
 * own through restarts of the engine: an address that the engine chooses may be another app's after a reboot.
 */
import { isIPv4 } from 'node:net'
import { TrimtabError } from '../errors.ts'
import { type Engine, isMissing, Refusal } from './engine.ts'
import { LABEL } from './labels.ts'

export interface Network {
  id: string
  name: string
  /** First and last address that instances may be given, as numbers. What is below is the engine's to give to others. */
  from: number
  to: number
}

export interface NetworkOptions {
  platform: string
  /** Absent: one of the platform's own. */
  name?: string | undefined
  subnet?: string | undefined
}

export function networkName({ name, platform }: Pick<NetworkOptions, 'name' | 'platform'>): string {
  return name ?? `trimtab-${platform}`
}

/** Makes the network if it is not there. Throws ConfigInvalid where one of that name cannot be used. */
export async function ensureNetwork(engine: Engine, options: NetworkOptions): Promise<Network> {
  const name = networkName(options)
  const found = await inspect(engine, name)
  if (found) return found
  if (options.subnet !== undefined) await create(engine, name, options.platform, options.subnet)
  else {
    // Only the engine knows which addresses are free; only a subnet that was asked for lets addresses be chosen.
    await create(engine, name, options.platform, null)
    const chosen = await engine.ask((docker) => docker.getNetwork(name).inspect())
    const subnet = (chosen.IPAM?.Config ?? []).find((one) => isIPv4(one.Subnet?.split('/')[0] ?? ''))?.Subnet
    if (!subnet) throw unusable(name, 'the engine gave it no IPv4 addresses')
    await engine.ask((docker) => docker.getNetwork(chosen.Id).remove())
    await create(engine, name, options.platform, subnet)
  }
  const made = await inspect(engine, name)
  if (!made) throw new TrimtabError('RuntimeUnavailable', `The network ${name} was removed while it was made.`, { retry: true })
  return made
}

async function create(engine: Engine, name: string, platform: string, subnet: string | null): Promise<void> {
  const config = subnet === null ? [] : [{ Subnet: subnet, IPRange: lower(subnet) }]
  try {
    await engine.ask((docker, abortSignal) =>
      docker.createNetwork({
        Name: name,
        Driver: 'bridge',
        CheckDuplicate: true,
        Labels: { [LABEL.platform]: platform, [LABEL.role]: 'network' },
        ...(subnet !== null && { IPAM: { Driver: 'default', Config: config } }),
        abortSignal,
      }),
    )
  } catch (error) {
    if (error instanceof Refusal && error.status === 409) return // somebody was quicker
    if (error instanceof Refusal && /overlap|address space|address pool/i.test(error.message)) {
      const hint = 'Name free addresses in platform.yaml: runtime: {kind: docker, subnet: 10.86.0.0/16}.'
      throw new TrimtabError('ConfigInvalid', `The network ${name} cannot be made: ${error.message}. ${hint}`, { cause: error })
    }
    throw error
  }
}

async function inspect(engine: Engine, name: string): Promise<Network | null> {
  try {
    const found = await engine.ask((docker) => docker.getNetwork(name).inspect())
    const config = found.IPAM?.Config ?? []
    const subnet = config.find((one) => isIPv4(one.Subnet?.split('/')[0] ?? ''))?.Subnet
    if (!subnet) throw unusable(name, 'it has no subnet of its own: addresses on it cannot be chosen')
    const { first, size } = rangeOf(subnet)
    return { id: found.Id, name, from: first + Math.max(3, Math.floor(size / 4)), to: first + size - 2 }
  } catch (error) {
    if (isMissing(error)) return null
    throw error
  }
}

/** The first quarter of a subnet: what the engine gives to containers that ask for no address. */
function lower(subnet: string): string {
  const [address = '', bits = ''] = subnet.split('/')
  return `${address}/${Number(bits) + 2}`
}

function rangeOf(subnet: string): { first: number; size: number } {
  const [address = '', bits = ''] = subnet.split('/')
  return { first: numberOf(address), size: 2 ** (32 - Number(bits)) }
}

export function numberOf(address: string): number {
  return address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0)
}

export function addressOf(number: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(number / 2 ** shift) % 256).join('.')
}

function unusable(name: string, why: string): TrimtabError {
  return new TrimtabError(
    'ConfigInvalid',
    `The Docker network ${name} cannot be used: ${why}. Remove it, or name another in platform.yaml (runtime: {kind: docker, network: …}).`,
  )
}
