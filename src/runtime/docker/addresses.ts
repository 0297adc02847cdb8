/**
 * Which address an instance gets: one of its own on the platform's network, for as long as its container is there, running or not.
 * Addresses rotate, so that each is used again as late as possible, and none that a route still names or a container claims is given.
 */
import type { Listen } from '../../domain.ts'
import { type Engine, Refusal } from '../../engine/engine.ts'
import { addressOf, ensureNetwork, type Network, numberOf } from '../../engine/network.ts'
import { TrimtabError } from '../../errors.ts'
import { listContainers } from './census.ts'
import type { Memory } from './memory.ts'

export interface Addresses {
  /** The network, made if need be; asked for again after `forget`. */
  network(): Promise<Network>
  /** Somebody has removed it, or made another of its name. */
  forget(): void
  /** The next free address, held until `free`: from then on its container itself claims it. Throws NoPort. */
  take(avoid: Listen[], refused: Set<string>): Promise<string>
  free(address: string): void
}

export interface AddressesOptions {
  platform: string
  network?: string | undefined
  subnet?: string | undefined
}

export function createAddresses(engine: Engine, options: AddressesOptions, memory: Memory): Addresses {
  const held = new Set<string>()
  let made: Promise<Network> | null = null
  let queue: Promise<unknown> = Promise.resolve()

  function network(): Promise<Network> {
    if (made) return made
    const begun = make()
    made = begun
    begun.catch(() => {
      if (made === begun) made = null
    })
    return begun
  }

  async function make(): Promise<Network> {
    const { platform, network: name, subnet } = options
    const before = /^[\d.]+\/\d+$/.exec(memory.read('subnet') ?? '')?.[0]
    try {
      const found = await ensureNetwork(engine, { platform, name, subnet, before })
      memory.write('subnet', found.subnet)
      return found
    } catch (error) {
      throw notNow(error)
    }
  }

  async function next(avoid: Listen[], refused: Set<string>): Promise<string> {
    const { name, from, to } = await network()
    const claimed = await claimedOn(engine, name)
    const routed = new Set(avoid.map(({ host }) => host))
    const size = to - from + 1
    const last = numberOf(memory.read('last-address') ?? '')
    const begin = last >= from && last < to ? last + 1 : from
    for (let step = 0; step < size; step++) {
      const address = addressOf(from + ((begin - from + step) % size))
      if ([claimed, routed, held, refused].some((taken) => taken.has(address))) continue
      held.add(address)
      memory.write('last-address', address)
      return address
    }
    throw noneLeft({ name, from, to }, claimed, routed.size)
  }

  return {
    network,
    forget() {
      made = null
    },
    take(avoid, refused) {
      // One after the other: what is being chosen is nobody else's.
      const taken = queue.then(() => next(avoid, refused))
      queue = taken.catch(() => {})
      return taken
    },
    free: (address) => void held.delete(address),
  }
}

/** Every address that some container of the network has, or is to have when it is started again, whosever it is. */
async function claimedOn(engine: Engine, network: string): Promise<Set<string>> {
  const containers = await listContainers(engine, { network: [network] })
  return new Set(
    containers.flatMap(({ NetworkSettings }) => {
      const { IPAddress, IPAMConfig } = NetworkSettings?.Networks?.[network] ?? {}
      const configured: unknown = IPAMConfig?.IPv4Address
      return [IPAddress, configured].filter((one) => typeof one === 'string' && one !== '') as string[]
    }),
  )
}

/** No commit is to blame for it: it is told as what keeps the runtime from working, and tried again. */
function notNow(error: unknown): unknown {
  if (error instanceof Refusal || (error instanceof TrimtabError && error.code === 'ConfigInvalid')) {
    return new TrimtabError('RuntimeUnavailable', error.message, { retry: true, cause: error })
  }
  return error
}

function noneLeft({ name, from, to }: Pick<Network, 'name' | 'from' | 'to'>, claimed: Set<string>, routed: number): TrimtabError {
  const mine = [...claimed].map(numberOf).filter((address) => address >= from && address <= to)
  const message =
    `No free address in ${addressOf(from)}-${addressOf(to)} on the network ${name}: of ${to - from + 1}, ` +
    `${mine.length} belong to containers and ${routed} are still named by routes. ` +
    'Widen `runtime.subnet` in platform.yaml, or scale something down.'
  return new TrimtabError('NoPort', message, { retry: true })
}
