/** What `runtime: auto` comes to, with a real engine and without one; and what is remembered of it. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { type Chosen, choose, readChosen, writeChosen } from '../src/chosen.ts'
import { parsePlatform } from '../src/config/platform.ts'
import { sharedEngine, stackImage } from './support/docker.ts'

let state: string

beforeEach(() => {
  state = mkdtempSync(join(tmpdir(), 'trimtab-chosen-'))
})

afterEach(() => rmSync(state, { recursive: true, force: true }))

function platform(keys: Record<string, unknown>) {
  return parsePlatform(JSON.stringify({ state, ...keys, apps: [] }), { file: join(state, 'platform.yaml'), env: {} })
}

const nowhere = () => ({ kind: 'auto', socket: join(state, 'no.sock') })
const ROUTER = { kind: 'embedded', listen: { host: '127.0.0.1', port: 8080 } } as const

it('auto without an engine: local processes, and why', async () => {
  const chosen = await choose(platform({ runtime: nowhere() }), null, {})
  expect(chosen).toMatchObject({ runtime: { kind: 'process', ports: { from: 20_000, to: 29_999 } }, router: ROUTER })
  expect(chosen.note).toMatch(/^runtime: process \(auto: no Docker Engine is in reach: .*no\.sock.*there is no such socket/)
  expect(chosen.former).toBeUndefined()
})

it('auto with an engine that has the stack image: containers; without that image: local processes, and how to get it', async (context) => {
  const { socket } = await sharedEngine(context)
  const image = await stackImage(socket)
  const runtime = { kind: 'auto', socket }
  const with_ = await choose(platform({ runtime, stack: { image } }), null, {})
  expect(with_.runtime).toMatchObject({ kind: 'docker', socket, name: expect.stringMatching(/^[0-9a-f]{12}$/) })
  expect(with_.note).toContain(`docker (auto: an engine answers on ${socket}`)
  // As the docker command has it, too.
  const auto = await choose(platform({ runtime: 'auto', stack: { image } }), null, { DOCKER_HOST: `unix://${socket}` })
  expect(auto.runtime).toEqual(with_.runtime)

  const without = await choose(platform({ runtime, stack: { image: 'nobody/has-this:1' } }), null, {})
  expect(without.runtime.kind).toBe('process')
  expect(without.note).toMatch(/no image nobody\/has-this:1.*trimtab stack build/)
})

it('what was decided for containers stays so while the engine is away; what the operator writes is done', async () => {
  const before: Chosen = { runtime: { kind: 'docker', socket: join(state, 'no.sock'), name: 'here' }, router: ROUTER }
  const auto = { ...nowhere(), name: 'here' }
  const stays = await choose(platform({ runtime: auto }), before, {})
  expect(stays.runtime).toEqual(before.runtime)
  expect(stays.note).toMatch(/as before, although no Docker Engine/)
  expect(stays.former).toBeUndefined()

  const leaves = await choose(platform({ runtime: 'process' }), before, {})
  expect(leaves).toMatchObject({ runtime: { kind: 'process' }, former: before.runtime, note: null })
  // And back again, with what ran in between still to be seen.
  const { note: _, ...then } = leaves
  const back = await choose(platform({ runtime: { kind: 'docker', socket: join(state, 'no.sock'), name: 'here' } }), then, {})
  expect(back).toMatchObject({ runtime: before.runtime, former: { kind: 'process' } })
})

it('is written down, and read again; what is damaged counts as nothing', () => {
  expect(readChosen(state)).toBe(null)
  const chosen: Chosen = { runtime: { kind: 'process', ports: { from: 1, to: 2 } }, router: ROUTER }
  writeChosen(state, chosen)
  expect(readChosen(state)).toEqual(chosen)
  writeFileSync(join(state, 'chosen.json'), '{"runtime": ')
  expect(readChosen(state)).toBe(null)
  // Instances, and not a word on what they are: a state directory of a time when there was but one kind.
  mkdirSync(join(state, 'instances'))
  expect(readChosen(state)).toMatchObject({ runtime: { kind: 'process' }, router: { kind: 'embedded' } })
})
