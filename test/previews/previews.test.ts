/** The loop over a real store and a real roster; the forge is one that the test answers for. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import type { AppSpec } from '../../src/domain.ts'
import { TrimtabError } from '../../src/errors.ts'
import type { Forge, PullRequest, Store } from '../../src/ports.ts'
import { createPreviews, type Previews } from '../../src/previews/previews.ts'
import { createRoster, PLATFORM, PREVIEWS, type Roster } from '../../src/roster.ts'
import { openStore } from '../../src/store/store.ts'
import { until } from '../support/platform.ts'

const NOW = 1_800_000_000_000
const shop: AppSpec = {
  name: 'shop',
  repo: 'https://git.example.com/acme/shop.git',
  branch: 'main',
  path: '',
  poll: { everyMs: 3_600_000 },
  forge: { kind: 'github', api: 'https://git.example.com/api/v3', token: 'secret-token' },
  previews: { label: 'preview', limit: 3, ttlMs: 60_000 },
}

/** What the forge would answer now. */
let pulls: PullRequest[]
let trusted: Set<number>
let down: TrimtabError | null
let asked: string[]
let now: number
let dir: string
let store: Store
let roster: Roster
let previews: Previews
let moved: string[]
let hold: Promise<void>

const forge: Forge = {
  async pullRequests() {
    asked.push('pulls')
    const answer = structuredClone(pulls)
    await hold
    if (down) throw down
    return answer
  },
  async isLabelTrusted(number, label) {
    asked.push(`${label} of ${number}`)
    if (down) throw down
    return trusted.has(number)
  },
  setStatus: async () => {},
  installWebhook: async () => 'made',
}

const id = (digit: string) => digit.repeat(40)
function pull(number: number, more: Partial<PullRequest> = {}): PullRequest {
  const ref = `refs/pull/${number}/head`
  return { number, title: 'A change', ref, commit: id('a'), isFork: false, labels: ['preview'], updatedAt: NOW, ...more }
}

/** As a start of `up` has it. */
function start(apps: AppSpec[], options: { isComplete?: boolean } = {}) {
  roster = createRoster()
  roster.set(PLATFORM, apps)
  previews = createPreviews({
    apps: () => roster.apps(),
    forgeFor: (app) => (app.forge ? forge : null),
    store,
    set: (list) => roster.set(PREVIEWS, list),
    moved: (app) => void moved.push(app),
    known: () => void asked.push('known'),
    isComplete: () => options.isComplete ?? true,
    poll: () => ({ everyMs: 3_600_000 }),
    url: ({ name }) => `http://${name}.test`,
    now: () => now,
  })
  previews.refresh()
}

const shown = () => roster.apps().flatMap((app) => (app.preview ? [app.name] : []))
const told = () => store.events({ app: 'shop', limit: 100 }).map(({ type, message }) => `${type} ${message}`)

beforeEach(() => {
  ;[pulls, trusted, down, asked, moved, now, hold] = [[], new Set(), null, [], [], NOW, Promise.resolve()]
  dir = mkdtempSync(join(tmpdir(), 'trimtab-previews-'))
  store = openStore(dir)
})
afterEach(() => {
  previews.close()
  store.close()
  rmSync(dir, { recursive: true })
})

it('a label makes an app, its removal takes it away, and both are told once', async () => {
  start([shop])
  await previews.look('shop')
  expect(shown()).toEqual([])
  pulls = [pull(7), pull(8, { labels: [] })]
  await previews.look('shop')
  await previews.look('shop')
  expect(shown()).toEqual(['shop-pr-7'])
  expect(roster.apps()[1]).toMatchObject({ ref: 'refs/pull/7/head', forge: shop.forge, preview: { of: 'shop', number: 7 } })
  pulls = [pull(7, { labels: [] })]
  // Asked by the preview's name it is the same.
  await previews.look('shop-pr-7')
  expect(shown()).toEqual([])
  expect(told()).toEqual([
    'PreviewOpened pull request #7: shop-pr-7 at http://shop-pr-7.test',
    'PreviewClosed pull request #7: its label was removed; shop-pr-7 goes',
  ])
})

it('a preview whose commits have moved is looked at at once', async () => {
  pulls = [pull(7)]
  start([shop])
  await previews.look('shop')
  expect(moved).toEqual([])
  pulls = [pull(7, { commit: id('b') })]
  await previews.look('shop')
  expect(moved).toEqual(['shop-pr-7'])
})

it('a forge that does not answer changes nothing, and is told once; nor does it at a start', async () => {
  pulls = [pull(7), pull(9, { isFork: true, commit: id('c') })]
  trusted.add(9)
  start([shop])
  await previews.look('shop')
  down = new TrimtabError('SourceUnreachable', 'git.example.com does not answer', { retry: true })
  await previews.look('shop')
  await previews.look('shop')
  expect(shown()).toEqual(['shop-pr-7', 'shop-pr-9'])
  previews.close()
  start([shop])
  // At once, before anybody has answered.
  expect(shown()).toEqual(['shop-pr-7', 'shop-pr-9'])
  expect(roster.apps()[2]?.preview).toEqual({ of: 'shop', number: 9, isFork: true, commit: id('c') })
  await previews.look('shop')
  expect(shown()).toEqual(['shop-pr-7', 'shop-pr-9'])
  down = null
  pulls = [pull(7)]
  await previews.look('shop')
  expect(shown()).toEqual(['shop-pr-7'])
  const trouble =
    'SourceFailed its pull requests cannot be read, and its previews stay as they are: git.example.com does not answer'
  expect(told().slice(2)).toEqual([
    trouble,
    trouble,
    'PreviewClosed pull request #9: it is not open any more; shop-pr-9 goes',
    'SourceRecovered its pull requests can be read again',
  ])
  expect(JSON.stringify(told())).not.toContain('secret-token')
})

it('an answer that breaks off in the middle is none', async () => {
  pulls = [pull(7)]
  start([shop])
  await previews.look('shop')
  pulls = [pull(8, { isFork: true })]
  const whole = forge.isLabelTrusted
  forge.isLabelTrusted = async () => {
    throw new TrimtabError('SourceUnreachable', 'git.example.com hung up', { retry: true })
  }
  await previews.look('shop')
  forge.isLabelTrusted = whole
  expect(shown()).toEqual(['shop-pr-7'])
  await previews.look('shop')
  expect(shown()).toEqual([])
})

it('of a fork the forge is asked who set the label, and again only after a change', async () => {
  pulls = [pull(7, { isFork: true })]
  start([shop])
  await previews.look('shop')
  await previews.look('shop')
  expect(asked.filter((one) => one.startsWith('preview'))).toEqual(['preview of 7'])
  expect(shown()).toEqual([])
  trusted.add(7)
  pulls = [pull(7, { isFork: true, updatedAt: NOW + 1 })]
  await previews.look('shop')
  expect(shown()).toEqual(['shop-pr-7'])
  expect(told()).toEqual([
    'PreviewRefused pull request #7: it comes from a fork, and its label "preview" was not set by anybody who may push to the repository',
    'PreviewOpened pull request #7: shop-pr-7 at http://shop-pr-7.test; it comes from a fork, so it gets no secrets and stays at this commit',
  ])
})

it('the limit holds back those that came later, until there is room; the time ends one that does not change', async () => {
  pulls = [1, 2, 3, 4].map((number) => pull(number, { updatedAt: NOW + number }))
  start([shop])
  await previews.look('shop')
  expect(shown()).toEqual(['shop-pr-1', 'shop-pr-2', 'shop-pr-3'])
  now = NOW + 1 + 60_000
  await previews.look('shop')
  expect(shown()).toEqual(['shop-pr-2', 'shop-pr-3', 'shop-pr-4'])
  expect(told().slice(3)).toEqual([
    'PreviewRefused pull request #4: there are 3 already, which is the limit (previews.limit)',
    'PreviewClosed pull request #1: nothing of it has changed for so long that it has expired (previews.ttl); shop-pr-1 goes',
    'PreviewOpened pull request #4: shop-pr-4 at http://shop-pr-4.test',
  ])
})

it('without a forge nothing is shown, and that is told', async () => {
  const { forge: _, ...without } = shop
  start([without])
  await previews.look('shop')
  expect(told()).toEqual([expect.stringContaining('no forge is known for its repository')])
})

it('previews go with the wish for them, and with their app', async () => {
  pulls = [pull(7)]
  start([shop])
  await previews.look('shop')
  const { previews: _, ...without } = shop
  roster.set(PLATFORM, [without])
  previews.refresh()
  expect(shown()).toEqual([])
  expect(told().at(-1)).toBe('PreviewClosed pull request #7: the app has no previews any more; shop-pr-7 goes')
  roster.set(PLATFORM, [shop])
  previews.refresh()
  await previews.look('shop')
  expect(shown()).toEqual(['shop-pr-7'])
  roster.set(PLATFORM, [])
  previews.refresh()
  expect(shown()).toEqual([])
  expect(store.previewed()).toEqual([])
})

it('an app that is not declared yet is waited for', async () => {
  pulls = [pull(7)]
  start([shop])
  await previews.look('shop')
  previews.close()
  start([], { isComplete: false })
  expect(store.previewed()).toEqual(['shop'])
  down = new TrimtabError('SourceUnreachable', 'git.example.com does not answer', { retry: true })
  roster.set(PLATFORM, [shop])
  previews.refresh()
  expect(shown()).toEqual(['shop-pr-7'])
})

it('without a store and without an answer, what may be a preview is known as that', async () => {
  down = new TrimtabError('SourceUnreachable', 'git.example.com does not answer', { retry: true })
  start([shop, { ...shop, name: 'other', previews: { label: 'else', limit: 1, ttlMs: 1 } }])
  await previews.look('shop')
  const may = () =>
    ['shop-pr-7', 'other-pr-1', 'shop', 'shop-pr-', 'shop-pr-07', 'third-pr-7'].map((name) => previews.mayShow(name))
  expect(may()).toEqual([true, true, false, false, false, false])
  down = null
  asked = []
  await previews.look('shop')
  await previews.look('shop')
  expect(may()).toEqual([false, true, false, false, false, false])
  expect(asked).toEqual(['pulls', 'known', 'pulls'])
})

it('whoever asks while a question is under way gets the answer to another one', async () => {
  start([shop])
  await previews.look('shop')
  asked = []
  let release = () => {}
  hold = new Promise((resolve) => {
    release = resolve
  })
  const first = previews.look('shop')
  await until(() => asked.length === 1, 'the question')
  pulls = [pull(7)]
  const second = previews.look('shop')
  const third = previews.look('shop')
  release()
  await Promise.all([first, second, third])
  expect(shown()).toEqual(['shop-pr-7'])
  expect(asked).toEqual(['pulls', 'pulls'])
})

it('is asked at the interval of its polling', async () => {
  start([{ ...shop, poll: { everyMs: 20 } }])
  await until(() => asked.length >= 3, 'three questions')
  pulls = [pull(7)]
  await until(() => shown().length === 1, 'the preview')
})
