import type { TreeEntry } from '../../ports.ts'

/** Which programs a pack has, executable, in its bin/. */
export interface Programs {
  detect: boolean
  compile: boolean
  supply: boolean
  finalize: boolean
  release: boolean
}

/**
 * How a pack is run: `compile` is Heroku's way, the other two Cloud Foundry's. `supply`: it gives dependencies to those after it.
 * `finalize`: it does (where it can), and then makes the app ready.
 */
export type Way = 'compile' | 'supply' | 'finalize'

const NAMES = ['detect', 'compile', 'supply', 'finalize', 'release'] as const

/** Of the entries of a pack's bin/. A link counts: where it leads is found out when it is run. */
export function programsOf(bin: TreeEntry[]): Programs {
  const has = (name: string) => bin.some((entry) => entry.name === name && (entry.mode === '100755' || entry.mode === '120000'))
  return Object.fromEntries(NAMES.map((name) => [name, has(name)])) as unknown as Programs
}

/**
 * Where a pack can be run both ways it is Cloud Foundry's, as there: packs of its kind carry a bin/compile for older platforms.
 * `last`: no other pack comes after it. Null: it cannot be run at this place.
 */
export function wayOf({ detect, compile, supply, finalize }: Programs, last: boolean): Way | null {
  if (last && finalize) return 'finalize'
  if (!last && supply) return 'supply'
  return detect && compile ? 'compile' : null
}

/** Why a pack cannot be run at its place, as the end of a sentence; null: it can. */
export function whyNot(programs: Programs, last: boolean): string | null {
  if (wayOf(programs, last) !== null) return null
  if (programs.supply) return 'has bin/supply and no bin/finalize: another buildpack has to come after it.'
  if (programs.finalize) return 'has bin/finalize and no bin/supply: no other buildpack can come after it.'
  const missing = (['detect', 'compile'] as const).filter((name) => !programs[name])
  return `is no buildpack: it has no executable ${missing.map((name) => `bin/${name}`).join(' and no executable ')}.`
}
