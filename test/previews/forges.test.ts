/** The loop against each forge's client and its strict fake. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import type { AppSpec, ForgeKind } from '../../src/domain.ts'
import { createForge } from '../../src/forge/forge.ts'
import { createPreviews } from '../../src/previews/previews.ts'
import { createRoster, PLATFORM, PREVIEWS } from '../../src/roster.ts'
import { openStore } from '../../src/store/store.ts'
import { startForge } from '../support/forges/index.ts'

const commit = (digit: string) => digit.repeat(40)
/** Where each keeps the commits of a pull request. */
const REFS: Record<ForgeKind, (number: number) => string> = {
  github: (number) => `refs/pull/${number}/head`,
  gitea: (number) => `refs/pull/${number}/head`,
  forgejo: (number) => `refs/pull/${number}/head`,
  gitlab: (number) => `refs/merge-requests/${number}/head`,
  bitbucket: (number) => `refs/heads/change-${number}`,
}

it.each(Object.keys(REFS) as ForgeKind[])('%s: labels, forks, trust, and an answer that does not come', async (kind) => {
  const dir = mkdtempSync(join(tmpdir(), 'trimtab-previews-'))
  const store = openStore(dir)
  const fake = await startForge(kind)
  const roster = createRoster()
  const app: AppSpec = {
    name: 'hello',
    repo: fake.repo,
    path: '',
    forge: fake.spec,
    poll: { everyMs: 3_600_000 },
    previews: { label: 'preview', limit: 5, ttlMs: 3_600_000 },
  }
  roster.set(PLATFORM, [app])
  const previews = createPreviews({
    apps: () => roster.apps(),
    forgeFor: (one) => (one.forge ? createForge(one.forge, one.repo) : null),
    store,
    set: (list) => roster.set(PREVIEWS, list),
    moved: () => {},
    known: () => {},
    isComplete: () => true,
    poll: () => ({ everyMs: 3_600_000 }),
    url: ({ name }) => `http://${name}.test`,
  })
  const shown = () => roster.apps().flatMap(({ name, ref, preview }) => (preview ? [[name, ref, preview.isFork]] : []))
  try {
    fake.state.addUser('triager', 'triage')
    fake.state.openPull({ number: 1, commit: commit('1'), labels: ['preview'] })
    fake.state.openPull({ number: 2, commit: commit('2') })
    fake.state.openPull({ number: 3, commit: commit('3'), isFork: true, labels: ['preview'], by: 'triager' })
    fake.state.openPull({ number: 4, commit: commit('4'), isFork: true, labels: ['preview'] })
    previews.refresh()
    await previews.look('hello')
    const before = shown()
    // Bitbucket has neither labels (they stand in the title) nor refs of what comes from a fork.
    const forks = kind === 'bitbucket' ? [] : [['hello-pr-4', REFS[kind](4), true]]
    expect(before).toEqual([['hello-pr-1', REFS[kind](1), false], ...forks])
    const told = store.events({ app: 'hello', limit: 100 }).filter(({ type }) => type !== 'PreviewOpened')
    const untrusted = expect.objectContaining({
      type: 'PreviewRefused',
      message: expect.stringContaining('#3: it comes from a fork'),
    })
    expect(told).toEqual(kind === 'bitbucket' ? [] : [untrusted])
    fake.fail(100)
    fake.state.closePull(1)
    await previews.look('hello')
    expect(shown()).toEqual(before)
  } finally {
    previews.close()
    await fake.close()
    store.close()
    rmSync(dir, { recursive: true })
  }
})
