/** Seeded randomness (mulberry32): the same seed gives the same run. */
export interface Random {
  /** 0 ≤ n < 1. */
  next(): number
  /** 0 … n - 1. */
  below(n: number): number
  chance(p: number): boolean
  pick<T>(of: readonly T[]): T
}

export function seeded(seed: number): Random {
  let a = seed >>> 0
  const next = () => {
    a = (a + 0x6d2b79f5) >>> 0
    let t = Math.imul(a ^ (a >>> 15), 1 | a)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
  const below = (n: number) => Math.floor(next() * n)
  return {
    next,
    below,
    chance: (p) => next() < p,
    pick: (of) => {
      const found = of[below(of.length)]
      if (found === undefined) throw new Error('nothing to pick from')
      return found
    },
  }
}
