/** How many deliveries an address may make: a bucket for each, filled again bit by bit. */
import { isIPv6 } from 'node:net'

interface Bucket {
  left: number
  at: number
}

/** So many addresses are remembered, and as many again of those that were heard of before them. */
const KEPT = 10_000

export class Rate {
  #young = new Map<string, Bucket>()
  #old = new Map<string, Bucket>()
  readonly #now: () => number

  constructor(now: () => number) {
    this.#now = now
  }

  /** Seconds after which it may come again; 0: it may now. */
  take(address: string, perMinute: number): number {
    const key = networkOf(address)
    const now = this.#now()
    const known = this.#young.get(key) ?? this.#old.get(key)
    const left = known ? Math.min(perMinute, known.left + ((now - known.at) * perMinute) / 60_000) : perMinute
    if (this.#young.size >= KEPT) [this.#young, this.#old] = [new Map(), this.#young]
    this.#young.set(key, { left: left < 1 ? left : left - 1, at: now })
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
