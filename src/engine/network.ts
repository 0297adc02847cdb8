/**
 * The network that instances are on. It has a subnet of its own, so that each instance can be given an address that stays its
 * own through restarts of the engine: an address that the engine chooses may be another app's after a reboot.
 */
import { isIPv4 } from 'node:net'
import type { NetworkInspectInfo } from 'dockerode'
import { TrimtabError } from '../errors.ts'
import { type Engine, isMissing, Refusal } from './engine.ts'
import { LABEL } from './labels.ts'

export interface Network {
  id: string
  name: string
  subnet: string
  /** First and last address that instances may be given, as numbers. What is below is the engine's to give to others. */
  from: number
  to: number
}

export interface NetworkOptions {
  platform: string
  /** Absent: one of the platform's own. */
  name?: string | undefined
  subnet?: string | undefined
  /** The subnet it had before somebody removed it: taken again if it is free still. */
  before?: string | undefined
}

/** Others may be choosing subnets at the same moment. */
const TRIES = 5

export function networkName({ name, platform }: Pick<NetworkOptions, 'name' | 'platform'>): string {
  return name ?? `trimtab-${platform}`
}

/** Makes the network if it is not there. Throws ConfigInvalid where one of that name cannot be used. */
export async function ensureNetwork(engine: Engine, options: NetworkOptions): Promise<Network> {
  const name = networkName(options)
  const found = await inspect(engine, name)
  if (found && !(await isOutgrown(engine, found, options))) return usable(found)
  await make(engine, name, options)
  const made = await inspect(engine, name)
  if (!made) throw new TrimtabError('RuntimeUnavailable', `The network ${name} was removed while it was made.`, { retry: true })
  return usable(made)
}

async function make(engine: Engine, name: string, { platform, subnet, before }: NetworkOptions): Promise<void> {
  if (subnet !== undefined) return create(engine, name, platform, subnet)
  for (let tries = 1; ; tries++) {
    try {
      return await create(engine, name, platform, tries === 1 && before ? before : await freeSubnet(engine, name, platform))
    } catch (error) {
      if (!(error instanceof TrimtabError) || error.code !== 'ConfigInvalid' || tries === TRIES) throw error
    }
  }
}

/** Only the engine knows which addresses are free; only a subnet that was asked for lets addresses be chosen. */
async function freeSubnet(engine: Engine, name: string, platform: string): Promise<string> {
  await create(engine, name, platform, null)
  const chosen = await engine.ask((docker) => docker.getNetwork(name).inspect())
  await engine.ask((docker) => docker.getNetwork(chosen.Id).remove())
  return subnetOf(chosen)
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

async function inspect(engine: Engine, name: string): Promise<NetworkInspectInfo | null> {
  try {
    return await engine.ask((docker) => docker.getNetwork(name).inspect())
  } catch (error) {
    if (isMissing(error)) return null
    throw error
  }
}

/**
 * One of our own that was left half made (its subnet is the engine's choice, so no address on it can be chosen), or for which the
 * operator has named another subnet since: removed, unless something is on it.
 */
async function isOutgrown(engine: Engine, found: NetworkInspectInfo, { platform, subnet }: NetworkOptions): Promise<boolean> {
  const config = ipv4(found)
  const isHalfMade = config !== undefined && !('IPRange' in config)
  const isOther = subnet !== undefined && subnet !== config?.Subnet
  if (found.Labels?.[LABEL.platform] !== platform || !(isHalfMade || isOther)) return false
  try {
    await engine.ask((docker) => docker.getNetwork(found.Id).remove())
    return true
  } catch (error) {
    if (isMissing(error)) return true
    if (error instanceof Refusal && !isHalfMade) return false
    throw error instanceof Refusal ? unusable(found.Name, `it was left half made, and ${error.message}`) : error
  }
}

function usable(found: NetworkInspectInfo): Network {
  const subnet = subnetOf(found)
  const { first, size } = rangeOf(subnet)
  return { id: found.Id, name: found.Name, subnet, from: first + Math.max(3, Math.floor(size / 4)), to: first + size - 2 }
}

function subnetOf(found: NetworkInspectInfo): string {
  const subnet = ipv4(found)?.Subnet
  if (!subnet) throw unusable(found.Name, 'it has no IPv4 subnet of its own: addresses on it cannot be chosen')
  return subnet
}

const ipv4 = ({ IPAM }: NetworkInspectInfo) => (IPAM?.Config ?? []).find((one) => isIPv4(one.Subnet?.split('/')[0] ?? ''))

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
