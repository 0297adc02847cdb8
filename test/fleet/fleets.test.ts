/** Lists of apps in real repositories, over a real store: what comes into force, and what stays in force. */
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished } from 'vitest'
import type { AppSpec, FleetSpec, GitSpec } from '../../src/domain.ts'
import { createFleets } from '../../src/fleet/fleets.ts'
import { fleetName } from '../../src/fleet/identity.ts'
import { tellListed } from '../../src/fleet/tell.ts'
import type { Source } from '../../src/ports.ts'
import { createRoster } from '../../src/roster.ts'
import { createGitSource } from '../../src/source/source.ts'
import { openStore } from '../../src/store/store.ts'
import { test } from '../source/fixture.ts'
import { stateDirectory } from '../store/opened.ts'
import { need } from '../support/need.ts'
import { makeRepo } from '../support/repo.ts'
import { commitAs, programMissing, sshSigner } from '../support/signing.ts'

const GIT: GitSpec = { allow: ['https', 'file'], credentials: {}, forges: {} }

/** A process: what it would be after a restart is another one on the same folder. */
function started(
  tmp: string,
  specs: FleetSpec[],
  {
    git = GIT,
    state = stateDirectory(),
    source: given,
    platform = [] as AppSpec[],
  }: { git?: GitSpec; state?: string; source?: Source; platform?: AppSpec[] } = {},
) {
  const store = openStore(state)
  const source = given ?? createGitSource({ state: join(tmp, 'state') })
  const roster = createRoster()
  roster.set('platform', platform)
  const log: string[] = []
  const fleets = createFleets({ world: { source, store, now: () => 5_000 }, roster, log: (line) => log.push(line) })
  fleets.set({ fleets: specs, git })
  tellListed(roster, store)
  let open = true
  const end = async () => {
    if (!open) return
    open = false
    await fleets.close()
    if (!given) await source.close()
    store.close()
  }
  onTestFinished(end)
  const names = () => roster.apps().map(({ name }) => name)
  const events = () => store.events({ limit: 100 }).map(({ type, app, message }) => `${type} ${app} ${message.split('\n')[0]}`)
  const look = (allowPrune = false) => fleets.look(allowPrune)
  return { store, source, roster, fleets, log, names, events, look, end, state }
}

const yaml = (...names: string[]) => ({
  'apps.yaml': JSON.stringify({ apps: names.map((name) => ({ name, repo: `/git/${name}.git` })) }),
})

test('a list comes into force, is added to and cut, and every change is told once', async ({ tmp }) => {
  const repo = makeRepo(join(tmp, 'fleet')).write(yaml('a', 'b'))
  repo.commit()
  const spec = { repo: repo.dir, path: 'apps.yaml' }
  const name = fleetName(spec)
  const { roster, names, events, look, fleets } = started(tmp, [spec])
  expect([names(), roster.isComplete()]).toEqual([[], false])
  await look()
  expect([names(), roster.isComplete(), roster.origin('a')]).toEqual([['a', 'b'], true, name])
  await look()
  const commit = repo.write(yaml('b', 'c')).commit()
  await look()
  expect(names()).toEqual(['b', 'c'])
  // Nothing of the list: no news.
  const newest = repo.write({ 'README.md': 'x' }).commit()
  await look()
  expect(fleets.status()).toEqual([
    { fleet: name, commit: newest, since: new Date(5_000).toISOString(), apps: ['b', 'c'], failure: null },
  ])
  expect(events()).toEqual([
    `FleetChanged  ${name}: 2 more: a, b`,
    `AppAdded a declared by ${name} (/git/a.git)`,
    `AppAdded b declared by ${name} (/git/b.git)`,
    `FleetChanged  ${name}: 1 more: c. 1 gone: a`,
    `AppAdded c declared by ${name} (/git/c.git)`,
  ])
  expect(commit).not.toBe(newest)
})

test('what is wrong changes nothing, is told once, and is over when it is right again', async ({ tmp }) => {
  const repo = makeRepo(join(tmp, 'fleet')).write(yaml('a', 'b'))
  const first = repo.commit()
  const spec = { repo: repo.dir, path: 'apps.yaml' }
  const { names, events, look, fleets, roster } = started(tmp, [spec])
  await look()
  repo.write({ 'apps.yaml': 'apps:\n  - {name: a, repo: /git/a.git, brunch: x}\n' }).commit()
  await look()
  await look()
  const [status] = fleets.status()
  expect(status).toMatchObject({ commit: first, apps: ['a', 'b'] })
  expect(status?.failure?.code).toBe('FleetInvalid')
  expect(status?.failure?.message).toBe('apps.yaml:2:33 apps[0].brunch: unknown key (did you mean "branch"?)')
  repo.write({ 'apps.yaml': null }).commit()
  await look()
  expect(fleets.status()[0]?.failure?.message).toMatch(/^At commit [0-9a-f]{12} there is no file apps\.yaml/)
  expect([names(), roster.isComplete()]).toEqual([['a', 'b'], true])
  repo.write(yaml('a', 'b')).commit()
  await look()
  expect(fleets.status()[0]?.failure).toBe(null)
  expect(events().slice(3)).toEqual([
    expect.stringMatching(/^FleetRejected {2}fleet .* apps\.yaml: apps\.yaml:2:33 apps\[0\]\.brunch: unknown key/),
    expect.stringMatching(/^FleetRejected {2}fleet .* apps\.yaml: At commit/),
    expect.stringMatching(/^FleetChanged {2}fleet .* apps\.yaml: it is good again, and lists what it did$/),
  ])
})

test('one that lost most of its apps is refused until that is allowed; those that another lists have only moved', async ({
  tmp,
}) => {
  const repo = makeRepo(join(tmp, 'fleet')).write(yaml('a', 'b', 'c', 'd', 'e'))
  repo.commit()
  const { names, look, fleets, roster, events } = started(tmp, [{ repo: repo.dir, path: 'apps.yaml' }])
  await look()
  repo.write(yaml('a')).commit()
  await look()
  expect(names()).toEqual(['a', 'b', 'c', 'd', 'e'])
  expect(fleets.status()[0]?.failure).toEqual({
    code: 'FleetInvalid',
    message: '4 of 5 apps would be removed (b, c, d, e). Nothing was. If this is meant: trimtab sync --allow-prune',
  })
  // One more line of the same kind is news; the same once more is none.
  await look()
  expect(events().filter((line) => line.startsWith('FleetRejected'))).toHaveLength(1)
  await look(true)
  expect(names()).toEqual(['a'])
  // The only one is all of them.
  repo.write(yaml()).commit()
  await look()
  expect(names()).toEqual(['a'])
  await look(true)
  expect(names()).toEqual([])

  repo.write(yaml('a', 'b', 'c', 'd', 'e')).commit()
  await look()
  roster.set(
    'platform',
    ['b', 'c', 'd', 'e'].map((name) => ({ name, repo: `/git/${name}.git`, path: '' })),
  )
  expect(roster.doubles()).toHaveLength(4)
  repo.write(yaml('a')).commit()
  await look()
  expect(names()).toEqual(['b', 'c', 'd', 'e', 'a'])
  expect(fleets.status()[0]?.failure).toBe(null)
})

test('the last good list outlives a restart with the repository away; without one, nothing is known', async ({ tmp }) => {
  const repo = makeRepo(join(tmp, 'fleet')).write(yaml('a', 'b'))
  const commit = repo.commit()
  const spec = { repo: repo.dir, path: 'apps.yaml' }
  const first = started(tmp, [spec])
  await first.look()
  await first.end()
  rmSync(repo.dir, { recursive: true })
  rmSync(join(tmp, 'state'), { recursive: true })

  const second = started(tmp, [spec], { state: first.state })
  // At once, without having asked anybody.
  expect([second.names(), second.roster.isComplete()]).toEqual([['a', 'b'], true])
  await second.look()
  expect(second.names()).toEqual(['a', 'b'])
  expect(second.fleets.status()[0]).toMatchObject({ commit, failure: { code: 'RepositoryGone' } })
  expect(second.events().at(-1)).toMatch(/^FleetRejected /)
  expect(second.log.join('\n')).toContain(`What it listed at ${commit.slice(0, 7)} stays in force: 2 apps.`)
  await second.end()

  const third = started(tmp, [spec])
  await third.look()
  expect([third.names(), third.roster.isComplete()]).toEqual([[], false])
  expect(third.log.join('\n')).toContain('It was never read: whatever runs stays')
})

test('a fleet that platform.yaml lets go of is forgotten, with its list', async ({ tmp }) => {
  const repo = makeRepo(join(tmp, 'fleet')).write(yaml('a'))
  repo.commit()
  const spec = { repo: repo.dir, path: 'apps.yaml' }
  const { names, look, fleets, store, roster } = started(tmp, [spec])
  await look()
  expect(store.fleet(fleetName(spec))?.apps).toEqual([{ name: 'a', repo: '/git/a.git', path: '' }])
  fleets.set({ fleets: [], git: GIT })
  expect([names(), roster.isComplete(), fleets.status(), store.fleet(fleetName(spec))]).toEqual([[], true, [], null])
})

test('only what is trusted comes into force, and the operator’s word on the repository is on its own apps', async ({ tmp }) => {
  const repo = makeRepo(join(tmp, 'fleet')).write({
    'apps.yaml': 'apps: [{name: own, repo: .}, {name: else, repo: "https://git.example.com/x"}]',
  })
  repo.commit()
  const verify = { signers: join(tmp, 'signers'), commits: 'head' as const }
  const webhook = { secret: 'hook-secret' }
  const untrusted = started(tmp, [{ repo: repo.dir, path: 'apps.yaml', verify }])
  await untrusted.look()
  expect(untrusted.names()).toEqual([])
  expect(untrusted.fleets.status()[0]?.failure?.code).toBe('Untrusted')
  await untrusted.end()

  const credentials = { 'git.example.com': { token: 'for-the-host' } }
  const { roster, look, store } = started(tmp, [{ repo: repo.dir, path: 'apps.yaml', webhook, poll: { everyMs: 9_000 } }], {
    git: { ...GIT, credentials },
  })
  await look()
  expect(roster.apps()).toEqual([
    { name: 'own', repo: repo.dir, path: '', webhook, poll: { everyMs: 9_000 } },
    { name: 'else', repo: 'https://git.example.com/x', path: '', auth: { token: 'for-the-host' } },
  ])
  expect(JSON.stringify(store.fleet(`fleet ${repo.dir} apps.yaml`))).not.toMatch(/hook-secret|for-the-host/)
})

test('a list that somebody on its lists has signed comes into force, a later one that nobody has signed does not', async ({
  tmp,
  skip,
}) => {
  need({ skip }, 'ssh-keygen', programMissing('ssh-keygen'))
  const alice = sshSigner(join(tmp, 'keys'), 'alice')
  const signers = join(tmp, 'signers')
  writeFileSync(signers, alice.line('alice@x'))
  const repo = makeRepo(join(tmp, 'fleet')).write(yaml('a'))
  const signed = commitAs(repo, alice)
  const { names, look, fleets } = started(tmp, [{ repo: repo.dir, path: 'apps.yaml', verify: { signers, commits: 'head' } }])
  await look()
  expect([names(), fleets.status()[0]?.commit]).toEqual([['a'], signed])
  repo.write(yaml('a', 'b')).commit('By nobody')
  await look()
  expect(names()).toEqual(['a'])
  expect(fleets.status()[0]).toMatchObject({ commit: signed, failure: { code: 'Untrusted' } })
  commitAs(repo, alice, 'Seen and signed')
  await look()
  expect(names()).toEqual(['a', 'b'])
})

test('an app that moves from one list to another, or to another place, stays the same one, and that is told', async ({ tmp }) => {
  const repo = makeRepo(join(tmp, 'fleet')).write(yaml('a'))
  repo.commit()
  const spec = { repo: repo.dir, path: 'apps.yaml' }
  const a = { name: 'a', repo: '/git/a.git', path: '' }
  const { roster, look, events, store, fleets } = started(tmp, [spec], { platform: [a] })
  store.begin('a', { commit: 'c'.repeat(40), settings: 's', skip: false })
  await look()
  const fleet = fleetName(spec)
  expect(events().at(-1)).toBe(
    `ConfigRejected a declared twice: platform.yaml has it, and what ${fleet} says of it counts for nothing until one of them lets go`,
  )
  roster.set('platform', [])
  expect(events().at(-1)).toMatch(/^AppMoved a from platform\.yaml \(\/git\/a\.git\) to fleet .* \(\/git\/a\.git\)/)
  repo.write({ 'apps.yaml': 'apps: [{name: a, repo: /git/new.git, path: x}]' }).commit()
  await look()
  expect(events().at(-1)).toContain('(/git/new.git x); it stays the same app')
  // First from the one file, then into the other: the same to whoever looks.
  fleets.set({ fleets: [], git: GIT })
  const before = events().length
  roster.set('platform', [a])
  expect(events().slice(before)).toEqual([expect.stringContaining('AppMoved a from fleet')])
})
