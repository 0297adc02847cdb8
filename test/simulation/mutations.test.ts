/** Shows that the simulation bites: each of these deliberate mistakes in the planner must make it fail. */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { Violation } from './invariants.ts'
import { simulate } from './run.ts'
import type { Planner } from './trimtab.ts'

const src = join(import.meta.dirname, '../../src')
// Beside the tests, so that the same loader compiles the mutants.
const nest = mkdtempSync(join(import.meta.dirname, '.mutants-'))
afterAll(() => rmSync(nest, { recursive: true, force: true }))

const MUTATIONS: Array<{ mistake: string; file: string; find: string; put: string }> = [
  {
    mistake: 'stops before the router has confirmed',
    file: 'retire.ts',
    find: 'if (observed.confirmed !== true) {',
    put: 'if (observed.now < 0) {',
  },
  {
    mistake: 'does not wait for requests in flight',
    file: 'retire.ts',
    find: 'if (instance.inFlight === 0 || drained >= longest) {',
    put: 'if (drained >= 0) {',
  },
  {
    mistake: 'stops what the routes still name',
    file: 'retire.ts',
    find: 'if (isRouted(instance, observed.table)) {',
    put: 'if (observed.now < 0) {',
  },
  {
    mistake: 'prunes on a failed read',
    file: 'plan.ts',
    find: "if (desired.target.kind === 'suspended' || desired.target.kind === 'removed') {",
    put: "if (desired.target.kind !== 'commit') {",
  },
  {
    mistake: 'starts before the release phase is done',
    file: 'rollout.ts',
    find: 'if (!releasePhaseDone(candidate, observed, draft)) return null',
    put: 'releasePhaseDone(candidate, observed, draft)',
  },
  {
    mistake: 'moves the routes before all are ready',
    file: 'plan.ts',
    find: 'candidate && coming?.complete ?',
    put: 'candidate && coming ?',
  },
  {
    mistake: 'calls a release live before the router confirmed it',
    file: 'plan.ts',
    find: 'if (observed.confirmed !== true) {',
    put: 'if (observed.now < 0) {',
  },
  {
    mistake: 'tries a failed commit again and again',
    file: 'advance.ts',
    find: "if (attempt.state === 'failed' || attempt.state === 'skipped') return null",
    put: "if (attempt.state === 'skipped') return null",
  },
  {
    mistake: 'sticks to the commit it began with',
    file: 'advance.ts',
    find: 'if (!attempt || attempt.commit !== commit || attempt.settings !== settings) {',
    put: 'if (!attempt) {',
  },
  {
    mistake: 'starts a crashing process without back-off',
    file: 'formation.ts',
    find: 'if (notBefore > observed.now) {',
    put: 'if (observed.now < 0) {',
  },
  { mistake: 'does not count crashes', file: 'retire.ts', find: 'const crashed = ', put: 'const crashed = observed.now < 0 && ' },
  {
    mistake: 'routes to instances that never answered',
    file: 'routing.ts',
    find: "const ready = of(members).filter((i) => i.probe === 'ready' || (i.probe === 'unknown' && answering.includes(i)))",
    put: 'const ready = of(members)',
  },
  {
    mistake: 'leaves old instances running',
    file: 'plan.ts',
    find: 'else if (mayGo(instance, fingerprints, observed))',
    put: 'else if (observed.now < 0)',
  },
  {
    mistake: 'waits for ever for one that never answers',
    file: 'rollout.ts',
    find: 'if (late) {',
    put: 'if (late && observed.now < 0) {',
  },
  {
    mistake: 'forgets that an instance is wanted again',
    file: 'plan.ts',
    find: 'if (wanted.has(instance.name)) keep(instance, draft)',
    put: 'if (observed.now < 0) keep(instance, draft)',
  },
  {
    mistake: 'deploys what waits',
    file: 'advance.ts',
    find: "return news || hold.kind === 'suspended' || hold.kind === 'app.yaml' ? { ...hold, news } : null",
    put: "return news && hold.kind !== 'suspended' ? { ...hold, news } : null",
  },
  {
    mistake: 'does not note that nothing waits any more',
    file: 'hold.ts',
    find: 'if (held) draft.do(',
    put: 'if (held && observed.now < 0) draft.do(',
  },
  {
    mistake: 'builds what is built',
    file: 'advance.ts',
    find: "if (outcome.state === 'unbuilt') {",
    put: "if (outcome.state === 'built' && observed.now > 0 && attempt.state === 'open' && !attempt.built) {\n    draft.do({ action: 'build', commit, key: outcome.content.image.key, reason: '' })\n    return null\n  }\n  if (outcome.state === 'unbuilt') {",
  },
]

describe('the simulation catches a planner that', () => {
  for (const [index, mutation] of MUTATIONS.entries()) {
    it(mutation.mistake, { timeout: 60_000 }, async () => {
      const planner = await mutant(String(index), mutation)
      expect(() => {
        for (let seed = 1; seed <= 10; seed++) simulate(planner, seed, 40_000)
      }).toThrow(Violation)
    })
  }
})

async function mutant(name: string, { file, find, put }: { file: string; find: string; put: string }): Promise<Planner> {
  const home = join(nest, name)
  for (const shared of ['plan', 'domain', 'ports', 'domain.ts', 'errors.ts', 'ports.ts']) {
    cpSync(join(src, shared), join(home, shared), { recursive: true })
  }
  const path = join(home, 'plan', file)
  const text = readFileSync(path, 'utf8')
  expect(text.split(find).length, `"${find}" stands once in ${file}`).toBe(2)
  writeFileSync(
    path,
    text.replace(find, () => put),
  )
  const loaded = (await import(join(home, 'plan/plan.ts'))) as { plan: Planner }
  return loaded.plan
}
