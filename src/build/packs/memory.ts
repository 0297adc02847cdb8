import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import type { CommitId } from '../../domain.ts'
import type { Programs } from './programs.ts'

/** What an address stood for. */
export interface Pinned {
  commit: CommitId
  programs: Programs
}

const flag = z.boolean()
const FILE = z.object({
  format: z.literal(1),
  packs: z.array(
    z.object({
      commit: z.string().regex(/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/),
      programs: z.object({ detect: flag, compile: flag, supply: flag, finalize: flag, release: flag }),
    }),
  ),
})

/** So many sets of inputs are remembered: a few years' of a busy platform. */
const KEPT = 5_000

/**
 * What the addresses among a build's inputs stood for when these inputs were seen first: `<state>/packs/<draft>.json`. It holds for
 * ever, whatever the branches of the buildpacks have done since, unless the build failed. That is what makes a revert the way back
 * without a build, also where the network is away. Losing it loses that, and nothing else.
 */
export class Memory {
  readonly #folder: string

  constructor(folder: string) {
    this.#folder = folder
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    this.#tidy()
  }

  /** In the addresses' order; null: these inputs are new. */
  recall(draft: string): Pinned[] | null {
    try {
      return FILE.parse(JSON.parse(readFileSync(this.#path(draft), 'utf8'))).packs
    } catch {
      return null // not there, torn, or of another version
    }
  }

  keep(draft: string, packs: Pinned[]): void {
    const temporary = `${this.#path(draft)}.new`
    writeFileSync(temporary, JSON.stringify({ format: 1, packs } satisfies z.infer<typeof FILE>), { mode: 0o600 })
    renameSync(temporary, this.#path(draft))
  }

  forget(draft: string): void {
    rmSync(this.#path(draft), { force: true })
  }

  #tidy(): void {
    const names = readdirSync(this.#folder).filter((name) => /^[0-9a-f]{40}\.json/.test(name))
    if (names.length <= KEPT) return
    const aged = names.map((name) => ({ name, at: statSync(join(this.#folder, name)).mtimeMs })).sort((a, b) => b.at - a.at)
    for (const { name } of aged.slice(KEPT)) rmSync(join(this.#folder, name), { force: true })
  }

  #path(draft: string): string {
    return join(this.#folder, `${draft}.json`)
  }
}
