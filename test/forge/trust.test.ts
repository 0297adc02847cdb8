/** Who set a label, and may they push. */
import { describe, expect } from 'vitest'
import { COMMIT, refuses, test } from './fixture.ts'

describe.each(['github', 'gitea', 'forgejo', 'gitlab'] as const)('%s: a label', (kind) => {
  const opened = { commit: COMMIT, isFork: true }

  test('is trusted where it was set by somebody who may push', async ({ start }) => {
    const { fake, forge } = await start(kind)
    fake.state.addUser('owner', 'admin')
    for (const by of ['maintainer', 'owner']) {
      const number = fake.state.openPull(opened)
      fake.state.setLabel(number, 'preview', by)
      expect(await forge.isLabelTrusted(number, 'preview')).toBe(true)
    }
  })

  test('is not where it was set by somebody who may not, or by nobody that is known', async ({ start }) => {
    const { fake, forge } = await start(kind)
    for (const role of ['triage', 'read', 'none'] as const) fake.state.addUser(role, role)
    for (const by of ['triage', 'read', 'none', 'deleted', null]) {
      const number = fake.state.openPull(opened)
      fake.state.setLabel(number, 'preview', by)
      expect(await forge.isLabelTrusted(number, 'preview'), String(by)).toBe(false)
    }
  })

  test('counts as it was set last', async ({ start }) => {
    const { fake, forge } = await start(kind)
    fake.pageSize = 2
    fake.state.addUser('helper', 'triage')
    const number = fake.state.openPull(opened)
    fake.state.setLabel(number, 'preview', 'maintainer')
    fake.state.removeLabel(number, 'preview', 'helper')
    expect(await forge.isLabelTrusted(number, 'preview')).toBe(false)
    fake.state.setLabel(number, 'preview', 'helper')
    fake.state.setLabel(number, 'urgent', 'maintainer')
    expect(await forge.isLabelTrusted(number, 'preview')).toBe(false)
    fake.state.removeLabel(number, 'preview', 'helper')
    fake.state.setLabel(number, 'preview', 'maintainer')
    fake.state.setLabel(number, 'urgent', 'helper')
    expect(await forge.isLabelTrusted(number, 'preview')).toBe(true)
  })

  test('is no longer trusted when whoever set it may no longer push', async ({ start }) => {
    const { fake, forge } = await start(kind)
    const number = fake.state.openPull({ ...opened, labels: ['preview'] })
    fake.state.addUser('maintainer', 'read')
    expect(await forge.isLabelTrusted(number, 'preview')).toBe(false)
  })

  test('that was never set, and one of a pull request that is not there', async ({ start }) => {
    const { fake, forge } = await start(kind)
    const number = fake.state.openPull(opened)
    expect(await forge.isLabelTrusted(number, 'preview')).toBe(false)
    expect(await forge.isLabelTrusted(99, 'preview')).toBe(false)
  })

  test('of a forge that does not answer is not decided', async ({ start }) => {
    const { fake, forge } = await start(kind)
    const number = fake.state.openPull({ ...opened, labels: ['preview'] })
    fake.fail(1)
    await refuses(forge.isLabelTrusted(number, 'preview'), 'SourceUnreachable', 'HTTP 503')
    fake.limit(1, 30)
    await refuses(forge.isLabelTrusted(number, 'preview'), 'SourceUnreachable')
  })
})

describe.each(['gitea', 'forgejo'] as const)('%s:', (kind) => {
  test('only who administers the repository is told who may push', async ({ start }) => {
    const { fake, forge } = await start(kind)
    const number = fake.state.openPull({ commit: COMMIT, isFork: true, labels: ['preview'] })
    fake.state.access = 'write'
    expect(await forge.isLabelTrusted(number, 'preview')).toBe(false)
  })

  test('what was pushed to refs/for needs no right to push, and is taken for a fork', async ({ start }) => {
    const { fake, forge } = await start(kind)
    fake.state.openPull({ commit: COMMIT, isPushed: true })
    expect(await forge.pullRequests()).toMatchObject([{ isFork: true, ref: 'refs/pull/1/head' }])
  })
})

test('bitbucket: what is in a title is nobody’s', async ({ start }) => {
  const { fake, forge } = await start('bitbucket')
  const number = fake.state.openPull({ commit: COMMIT, labels: ['preview'] })
  expect(await forge.isLabelTrusted(number, 'preview')).toBe(false)
})
