/** What every forge does alike, each against the fake of its API. */
import { describe, expect } from 'vitest'
import { COMMIT, OTHER, refuses, status, test } from './fixture.ts'

const KINDS = ['github', 'gitea', 'forgejo', 'gitlab', 'bitbucket'] as const

describe.each(KINDS)('%s:', (kind) => {
  describe('a status', () => {
    test('goes from pending to success or failure', async ({ start }) => {
      const { fake, forge } = await start(kind)
      fake.state.addCommit(COMMIT)
      const url = 'https://hello.example.com/'
      for (const state of ['pending', 'success', 'failure'] as const) {
        await forge.setStatus({ ...status, state, description: `it is ${state}`, url })
        expect(fake.state.statusOf(COMMIT, 'trimtab/hello')).toMatchObject({ state, description: `it is ${state}`, url })
      }
    })

    test('that says the same again is none too many', async ({ start }) => {
      const { fake, forge } = await start(kind)
      fake.state.addCommit(COMMIT)
      for (const state of ['pending', 'pending', 'success', 'success'] as const) await forge.setStatus({ ...status, state })
      expect(fake.state.statusOf(COMMIT, 'trimtab/hello')).toMatchObject({ state: 'success' })
    })

    test('is one line, and as long as the forge takes it', async ({ start }) => {
      const { fake, forge } = await start(kind)
      fake.state.addCommit(COMMIT)
      await forge.setStatus({ ...status, description: `exit 1\r\n\u202e${'🙂'.repeat(300)}`, url: 'ftp://nowhere' })
      const { description } = fake.state.statusOf(COMMIT, 'trimtab/hello') ?? { description: '' }
      expect(description).toMatch(/^exit 1 🙂+…$/u)
      expect([...description].length).toBeGreaterThan(70)
    })

    test('of apps with long names stays apart', async ({ start }) => {
      const { fake, forge } = await start(kind)
      fake.state.addCommit(COMMIT)
      const contexts = ['one', 'two'].map((end) => `trimtab/${'very-long-name-'.repeat(3)}${end}`)
      for (const context of contexts) await forge.setStatus({ ...status, context })
      for (const context of contexts) expect(fake.state.statusOf(COMMIT, context)).toBeDefined()
    })

    test('of a commit that the forge does not have is refused', async ({ start }) => {
      const { forge } = await start(kind)
      // Gitea looks for it too late to say so.
      const code = kind === 'gitea' || kind === 'forgejo' ? 'SourceUnreachable' : 'ForgeRefused'
      await refuses(forge.setStatus(status), code, '127.0.0.1', 'set the status of a94a8fe5ccb1')
    })
  })

  describe('a token', () => {
    test('that is wrong', async ({ start }) => {
      const { fake, forge } = await start(kind)
      fake.state.token = 'another'
      await refuses(forge.setStatus(status), 'ForgeRefused', 'HTTP 401', 'token: it needs')
      await refuses(forge.pullRequests(), 'ForgeRefused', 'HTTP 401')
      expect(await forge.isLabelTrusted(1, 'preview')).toBe(false)
    })

    test('that may only read', async ({ start }) => {
      const { fake, forge } = await start(kind)
      fake.state.addCommit(COMMIT)
      fake.state.access = 'read'
      await refuses(forge.setStatus(status), 'ForgeRefused', 'HTTP 403', 'token: it needs')
      await refuses(
        forge.installWebhook({ url: 'https://ops.example.com/hooks/x', secret: 's' }),
        'ForgeRefused',
        'token: it needs',
      )
      expect(await forge.pullRequests()).toEqual([])
    })

    test('that may not even see the repository', async ({ start }) => {
      const { fake, forge } = await start(kind)
      fake.state.access = 'none'
      await refuses(forge.pullRequests(), 'ForgeRefused', 'HTTP 404', 'what a token may not see')
    })
  })

  describe('a webhook', () => {
    const url = 'https://ops.example.com/hooks/hello'

    test('is made once, and then set right', async ({ start }) => {
      const { fake, forge } = await start(kind)
      fake.pageSize = 1
      for (let i = 0; i < 3; i++)
        fake.state.hooks.push({ id: 10 + i, url: `https://ci.example.com/${i}`, secret: '', events: ['push'], active: true })
      expect(await forge.installWebhook({ url, secret: 'first' })).toBe('made')
      expect(await forge.installWebhook({ url, secret: 'second' })).toBe('updated')
      const ours = fake.state.hooks.filter((hook) => hook.url === url)
      expect(ours).toMatchObject([{ secret: 'second', active: true }])
      expect(ours[0]?.events.length).toBeGreaterThan(1)
      expect(fake.state.hooks).toHaveLength(4)
    })

    test('that was switched off is on again', async ({ start }) => {
      const { fake, forge } = await start(kind)
      await forge.installWebhook({ url, secret: 's' })
      const [hook] = fake.state.hooks
      if (hook) hook.active = false
      await forge.installWebhook({ url, secret: 's' })
      expect(fake.state.hooks).toMatchObject([{ active: true }])
    })
  })

  describe('pull requests', () => {
    test('are the open ones, of all pages', async ({ start }) => {
      const { fake, forge } = await start(kind)
      fake.pageSize = 2
      for (let i = 1; i <= 5; i++) fake.state.openPull({ commit: COMMIT, labels: ['preview'], updatedAt: 1_700_000_000_000 })
      fake.state.closePull(2)
      const pulls = await forge.pullRequests()
      expect(pulls.map(({ number }) => number).sort()).toEqual([1, 3, 4, 5])
      expect(pulls[0]).toMatchObject({ commit: COMMIT, isFork: false, labels: ['preview'], updatedAt: 1_700_000_000_000 })
      expect(pulls[0]?.ref).toMatch(/^refs\//)
    })

    test('have the commit that was pushed last', async ({ start }) => {
      const { fake, forge } = await start(kind)
      const number = fake.state.openPull({ commit: COMMIT, labels: ['preview'] })
      fake.state.push(number, OTHER)
      expect(await forge.pullRequests()).toMatchObject([{ commit: OTHER }])
    })

    test('are shown without what a title may hide', async ({ start }) => {
      const { fake, forge } = await start(kind)
      fake.state.openPull({ commit: COMMIT, title: 'Nice\u001b[31m\r\n\u202etitle [preview]', labels: ['preview'] })
      const [pull] = await forge.pullRequests()
      expect(pull?.title).toBe('Nice title [preview]')
    })

    test('none', async ({ start }) => {
      const { forge } = await start(kind)
      expect(await forge.pullRequests()).toEqual([])
    })
  })
})
