import { createHash } from 'node:crypto'
import { asTrimtabError, TrimtabError } from '../../errors.ts'
import type { BuildState, PackSource } from '../../ports.ts'
import { type Address, type Choice, type Pack, quoted } from '../choose.ts'
import type { Memory, Pinned } from './memory.ts'
import { programsOf, whyNot } from './programs.ts'

/** What is known of inputs whose packs are being fetched, or could not be. */
interface Draft {
  addresses: Address[]
  state: Extract<BuildState, { state: 'running' | 'failed' }>
  /** Apps to be looked at again when this is over. */
  apps: Set<string>
}

/** `draft`: of inputs that hold addresses. No packs: they are being fetched. */
export type Fixed = { choice: Pack[]; draft?: string } | { choice: null; draft: string }

export interface PinsOptions {
  packs: PackSource
  memory: Memory
  now: () => number
}

/** So many failures are remembered: of apps that want something else by now. */
const FAILED = 200

/**
 * Puts commits in the place of addresses. The network is asked once for every new set of a build's inputs, beside the passes: what
 * comes of it is kept, and is the answer for these inputs from then on.
 */
export class Pins {
  readonly #options: PinsOptions
  readonly #drafts = new Map<string, Draft>()
  /** By address: a question that is under way is shared by all who have it. */
  readonly #asking = new Map<string, Promise<Pinned>>()
  #changed: (app: string) => void = () => {}

  constructor(options: PinsOptions) {
    this.#options = options
  }

  /** Called with every app whose packs have been fetched, or could not be: its plan comes out otherwise now. */
  onChange(changed: (app: string) => void): void {
    this.#changed = changed
  }

  /** `keyOf`: what the other inputs come to. Gives the packs, and the draft they are of; or that alone while they are being fetched. */
  fix(chosen: Array<Pack | Address>, keyOf: (choice: Choice) => string): Fixed {
    const addresses = chosen.filter((one) => one.kind === 'address')
    if (addresses.length === 0) return { choice: chosen.filter((one) => one.kind !== 'address') }
    const places = chosen.map((one) => (one.kind === 'address' ? [one.repo, one.ref ?? null] : null))
    const rest = keyOf(chosen.filter((one) => one.kind !== 'address'))
    const draft = createHash('sha256')
      .update(JSON.stringify(['draft', rest, places]))
      .digest('hex')
      .slice(0, 40)
    const pinned = this.#options.memory.recall(draft)
    if (pinned?.length !== addresses.length) {
      if (!this.#drafts.has(draft)) this.#begin(draft, addresses)
      return { choice: null, draft }
    }
    this.#drafts.delete(draft)
    const at = new Map(addresses.map((address, index) => [address, pinned[index] as Pinned]))
    return { choice: chosen.map((one) => (one.kind === 'address' ? fetched(one, at.get(one) as Pinned) : one)), draft }
  }

  /** What the addresses stand for is to be asked anew. */
  forget(draft: string): void {
    this.#options.memory.forget(draft)
  }

  /** How the fetching stands; null: this is the key of no draft. */
  state(draft: string): BuildState | null {
    return this.#drafts.get(draft)?.state ?? null
  }

  /** Tries once more what has failed. */
  again(draft: string): void {
    const found = this.#drafts.get(draft)
    if (found?.state.state === 'failed') this.#run(draft, found)
  }

  /** The app is told when the fetching is over, which it may be already. */
  awaits(draft: string, app: string): void {
    const found = this.#drafts.get(draft)
    if (found) found.apps.add(app)
    else queueMicrotask(() => this.#changed(app))
  }

  #begin(draft: string, addresses: Address[]): void {
    for (const [key, { state }] of this.#drafts) {
      if (this.#drafts.size >= FAILED && state.state === 'failed') this.#drafts.delete(key)
    }
    this.#run(draft, { addresses, state: { state: 'running', startedAt: 0 }, apps: new Set() })
  }

  #run(key: string, draft: Draft): void {
    const { now, memory } = this.#options
    const startedAt = now()
    const names = draft.addresses.map(({ name }) => name).join(', ')
    draft.state = { state: 'running', startedAt, step: `fetching ${names}` }
    this.#drafts.set(key, draft)
    void Promise.all(draft.addresses.map((address) => this.#pin(address)))
      .then((pinned) => memory.keep(key, pinned))
      .then(
        () => void this.#drafts.delete(key),
        (thrown) => {
          const { failure, retry } = asTrimtabError(thrown)
          draft.state = { state: 'failed', failure, retry, durationMs: now() - startedAt }
        },
      )
      .then(() => {
        for (const app of draft.apps) this.#changed(app)
      })
  }

  async #pin(address: Address): Promise<Pinned> {
    const { repo, ref, name, where, last } = address
    try {
      const question = JSON.stringify([repo, ref])
      const asked = this.#asking.get(question) ?? this.#ask(address).finally(() => this.#asking.delete(question))
      this.#asking.set(question, asked)
      const pinned = await asked
      const problem = whyNot(pinned.programs, last)
      if (problem !== null) throw new TrimtabError('NoBuildpack', `it ${problem} (Looked at commit ${pinned.commit}.)`)
      return pinned
    } catch (thrown) {
      throw packTrouble(thrown, where, name)
    }
  }

  async #ask({ repo, ref }: Address): Promise<Pinned> {
    const { packs } = this.#options
    const commit = await packs.fetch(repo, ref)
    return { commit, programs: programsOf(await packs.entries(repo, commit, 'bin')) }
  }
}

/** What went wrong with a buildpack that was to be fetched, with the line that names it. What cannot help itself is a verdict on that line. */
export function packTrouble(thrown: unknown, where: string, name: string): TrimtabError {
  const error = asTrimtabError(thrown)
  if (error.code === 'DiskFull' || error.code === 'Internal' || error.code === 'BuildCancelled') return error
  const code = error.retry || error.code === 'SourceInvalid' ? error.code : 'NoBuildpack'
  const message = `${where}: the buildpack ${quoted(name)}: ${error.message}`
  return new TrimtabError(code, message, { retry: error.retry, cause: thrown })
}

function fetched({ name, where, repo }: Address, { commit, programs }: Pinned): Pack {
  return { kind: 'fetched', name, where, repo, commit, programs }
}
