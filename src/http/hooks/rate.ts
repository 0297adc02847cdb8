/** How many deliveries an address may make: a bucket for each, filled again bit by bit. */
import { isIPv6 } from 'node:net'

interface Bucket {
  left: number
  at: number
}

/** Addresses that are remembered; the one that has been silent longest goes first. */
const KEPT = 10_000

export class Rate {
  readonly #buckets = new Map<string, Bucket>()
  readonly #now: () => number

  constructor(now: () => number) {
    this.#now = now
  }

  /** Seconds after which it may come again; 0: it may now. */
  take(address: string, perMinute: number): number {
    const key = networkOf(address)
    const now = this.#now()
    const known = this.#buckets.get(key)
    // The last in the order is the last that was heard of.
    this.#buckets.delete(key)
    const left = known ? Math.min(perMinute, known.left + ((now - known.at) * perMinute) / 60_000) : perMinute
    this.#buckets.set(key, { left: left < 1 ? left : left - 1, at: now })
    if (this.#buckets.size > KEPT) this.#buckets.delete(this.#buckets.keys().next().value ?? '')
    return left < 1 ? Math.ceil(((1 - left) * 60) / perMinute) : 0
  }
}

/** One customer has a whole /64 of IPv6 addresses. */
function networkOf(address: string): string {
  const plain = address.replace(/^::ffff:(?=[\d.]+$)/, '')
  if (!isIPv6(plain)) return plain
  const [front = '', back] = plain.replace(/%.*/, '').split('::')
  const head = front.split(':').filter((part) => part !== '')
  const tail = back?.split(':').filter((part) => part !== '') ?? []
  const zeros = Array.from({ length: back === undefined ? 0 : Math.max(0, 8 - head.length - tail.length) }, () => '0')
  return [...head, ...zeros, ...tail].slice(0, 4).join(':')
}
