/** The simulation proves the planner against a ledger; this shows that the ledger is the real store's equal. */
import { expect, it } from 'vitest'
import type { Store } from '../../src/ports.ts'
import { Ledger } from '../simulation/ledger.ts'
import { type Random, seeded } from '../simulation/random.ts'
import { A, B, draft, FAILURE, opened } from './opened.ts'

const EPISODES = 12
const CALLS = 350

type Call = (to: Store | Ledger) => unknown

/** One call as a pass, `sync`, `restart` or `down` might make it, or as it might come too late. */
function randomCall(random: Random, ledger: Ledger, at: number): Call {
  const instance = `shop.web.v1.${random.below(4)}`
  const crash = { instance, process: 'web', fingerprint: 'f', at, ranMs: random.below(100_000), how: 'exit code 1', log: 'x' }
  const { pending, serving, lastVersion } = ledger.read()
  const version = pending?.version ?? 0
  const commit = random.pick([A, B])
  const calls: Call[] = [
    (to) => to.begin('shop', { commit, settings: 's', skip: at % 5 === 0, ...(at % 2 ? { why: 'for a reason' } : {}) }),
    (to) => to.setSuspension('shop', at % 2 ? { by: `user ${at % 3}`, reason: '' } : null),
    (to) => to.hold('shop', at % 3 ? { commit, kind: at % 2 ? 'app.yaml' : 'window' } : null),
    (to) => to.building('shop', 'k1'),
    // A number may be left out: an instance had it that an older store knew.
    (to) => to.release(draft(lastVersion + 1 + (at % 2), { commit }), !serving && at % 3 === 0),
    (to) => to.phase('shop', version, at % 2 ? 'running' : 'done'),
    (to) => pending && to.goLive('shop', version),
    (to) => to.settle('shop'),
    (to) => to.fail('shop', FAILURE),
    (to) => to.retryLater('shop', FAILURE, at + 500),
    (to) => to.drain('shop', instance),
    (to) => to.undrain('shop', instance),
    (to) => to.ended('shop', instance, at % 2 ? crash : null),
    (to) => to.again('shop'),
    (to) => to.suspend('shop'),
    (to) => to.restart('shop'),
    (to) => at % 4 === 0 && to.forget('shop'),
  ]
  return random.pick(calls)
}

it(`the ledger of the simulation and the store tell the same after each of ${EPISODES * CALLS} random calls`, () => {
  const seed = Number(process.env.SIMULATION_SEED ?? Math.floor(Math.random() * 2 ** 31))
  const random = seeded(seed)
  const seen = new Set<string>()
  for (let episode = 0; episode < EPISODES; episode++) {
    const { store, clock } = opened()
    const ledger = new Ledger(() => clock.now)
    for (let i = 0; i < CALLS; i++) {
      clock.now += random.below(1_000)
      const call = randomCall(random, ledger, clock.now)
      const [returned, wanted] = [call(store), call(ledger)]
      const { liveSince: _, ...told } = store.read('shop')
      const where = `SIMULATION_SEED=${seed}, episode ${episode}, call ${i}: ${call}`
      expect(told, where).toEqual(ledger.read())
      expect(returned, where).toEqual(wanted)
      seen.add(`${told.attempt?.state} ${told.pending !== null} ${told.serving !== null} ${told.phase}`)
    }
  }
  // Random calls that never get anywhere would prove little.
  expect(seen.size).toBeGreaterThan(15)
})
