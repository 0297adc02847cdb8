import { expect, it } from 'vitest'
import { plan } from '../../src/plan/plan.ts'
import { simulate } from './run.ts'

const STEPS = Number(process.env.SIMULATION_STEPS ?? 400_000)

it(`holds the invariants over ${STEPS.toLocaleString('en')} random steps`, { timeout: 300_000, retry: 0 }, () => {
  const seed = Number(process.env.SIMULATION_SEED ?? Math.floor(Math.random() * 2 ** 31))
  const began = performance.now()
  const report = simulate(plan, seed, STEPS)
  const seconds = ((performance.now() - began) / 1000).toFixed(1)
  console.log(`simulation: SIMULATION_SEED=${seed}, ${JSON.stringify(report)}, ${seconds} s`)
  // A run in which nothing happens proves nothing.
  expect(report.steps).toBeGreaterThanOrEqual(STEPS)
  expect(report.kills).toBeGreaterThan(STEPS / 1_000)
  expect(report.lives).toBeGreaterThan(STEPS / 2_000)
  expect(report.failures).toBeGreaterThan(STEPS / 4_000)
})
