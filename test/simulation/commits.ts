/** Commits of the simulated repository: what is in one decides how it fares. */
import type { Process, ReleaseContent, Route } from '../../src/domain.ts'
import { fingerprintOf } from '../../src/release/fingerprint.ts'
import type { Random } from './random.ts'

/** ok, or where it breaks. 'flaky-build': a build that may pass when tried again. */
export type Fate = 'ok' | 'no-build' | 'flaky-build' | 'crash' | 'mute' | 'bad-phase' | 'broken'

export interface Tree {
  /** Stands for all that is built: the same key is the same image. */
  key: string
  fate: Fate
  web: number
  worker: number
  config: number
  phase: boolean
  host: string
  /** What its route does besides: nothing, something, or it has a redirect beside it. */
  route: 'plain' | 'sticky' | 'moved'
}

export interface Commit {
  id: string
  tree: Tree
  skip: boolean
}

let count = 0

export function commitOf(tree: Tree, skip = false): Commit {
  count = (count + 1) % 0xffffff
  return { id: count.toString(16).padStart(8, '0').repeat(5), tree, skip }
}

export function randomTree(random: Random, last: Tree | null): Tree {
  const fates: Fate[] = ['ok', 'ok', 'ok', 'ok', 'no-build', 'flaky-build', 'crash', 'mute', 'bad-phase', 'broken']
  const fate = random.pick(fates)
  // Often only a little differs from the commit before: config, scale or a route alone.
  if (last && last.fate === 'ok' && random.chance(0.4)) {
    const change = random.below(5)
    if (change === 0) return { ...last, config: random.below(5) }
    if (change === 1) return { ...last, web: random.below(4) }
    if (change === 2) return { ...last, worker: random.below(3) }
    if (change === 3) return { ...last, route: random.pick(['plain', 'sticky', 'moved'] as const) }
    return { ...last, host: `h${random.below(3)}.test` }
  }
  return {
    key: `k${random.below(1_000_000)}-${fate}`,
    fate,
    web: 1 + random.below(3),
    worker: random.below(3),
    config: random.below(3),
    phase: fate === 'bad-phase' || random.chance(0.3),
    host: 'h0.test',
    route: 'plain',
  }
}

const HEALTH = { intervalMs: 1000, timeoutMs: 500, graceMs: 5_000 }
export const STOP = { signal: 'SIGTERM', timeoutMs: 3_000 }

export function contentOf(tree: Tree): { content: ReleaseContent; fingerprint: string } {
  const process = (type: string, scale: number): Process => ({ type, command: type, scale, health: HEALTH, stop: STOP })
  const content: ReleaseContent = {
    image: { key: tree.key, ref: tree.key, processTypes: {}, configVars: {} },
    env: { C: String(tree.config) },
    processes: [process('web', tree.web), process('worker', tree.worker)],
    ...(tree.phase ? { release: 'migrate' } : {}),
    routes: routesOf(tree),
  }
  return { content, fingerprint: fingerprintOf(content) }
}

function routesOf({ host, route }: Tree): Route[] {
  const plain = { host, path: '/', stripPrefix: false, process: 'web' }
  if (route === 'plain') return [plain]
  if (route === 'sticky') return [{ ...plain, options: { sticky: true } }]
  return [plain, { ...plain, host: `old-${host}`, process: '', options: { redirect: `https://${host}` } }]
}
