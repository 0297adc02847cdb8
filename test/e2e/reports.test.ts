/** What becomes of a commit is told: on the commit at its forge, and to people. And nothing waits for that. */
import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import type { ServerResponse } from 'node:http'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { ForgeKind } from '../../src/domain.ts'
import { webApp } from '../support/apps.ts'
import { type FakeForge, startForge } from '../support/forges/index.ts'
import { type GitHttp, startGitHttp } from '../support/githttp.ts'
import { overRuntimes } from '../support/kinds.ts'
import { TestPlatform, until } from '../support/platform.ts'
import { gitEnv, type Repo } from '../support/repo.ts'
import { type FakeSlack, startSlack } from '../support/slack.ts'

/** As the operator writes it. */
const variable = (name: string) => `$\{${name}}`
const KINDS: ForgeKind[] = ['github', 'gitea']

overRuntimes(
  (kind) => {
    let platform: TestPlatform
    let server: GitHttp
    let slack: FakeSlack
    const forges = new Map<ForgeKind, FakeForge>()
    const repos = new Map<ForgeKind, Repo>()
    const hanging: ServerResponse[] = []
    const forge = (of: ForgeKind) => forges.get(of) as FakeForge
    const repo = (of: ForgeKind) => repos.get(of) as Repo

    /** As `git push`: the forge knows the commit before anybody else does. */
    const push = (of: ForgeKind, commit: string): string => {
      forge(of).state.addCommit(commit)
      repo(of).git('push', '--quiet', '--force', bareOf(of), 'HEAD:main')
      return commit
    }
    const bareOf = (of: ForgeKind) => join(platform.dir, 'served/acme', `${of}.git`)
    const statuses = (of: ForgeKind, commit: string) => forge(of).state.statuses.filter((one) => one.commit === commit)
    const states = (of: ForgeKind, commit: string) => statuses(of, commit).map(({ state }) => state)
    const deployed = (commit: string) =>
      forge('github')
        .state.deployments.find((one) => one.commit === commit)
        ?.statuses.map(({ state }) => state)
    const ended = (of: ForgeKind, commit: string, state: string) =>
      until(
        () => states(of, commit).at(-1) === state,
        () => `${state} at ${of}; ${JSON.stringify(forge(of).state.statuses)}\n${platform.output}`,
      )
    const messages = (about: string) => slack.messages.filter(({ text }) => text.includes(about))
    const extra = (change: object = {}) => ({ poll: '1s', notify: [{ kind: 'slack', url: variable('SLACK'), ...change }] })

    beforeAll(async () => {
      platform = await TestPlatform.make({ kind })
      server = await startGitHttp(join(platform.dir, 'served'))
      slack = await startSlack()
      const apps = []
      for (const of of KINDS) {
        const fake = await startForge(of, `acme/${of}`)
        forges.set(of, fake)
        repos.set(of, platform.repo(`work-${of}`))
        execFileSync('git', ['init', '--quiet', '--bare', '--initial-branch=main', bareOf(of)], { env: gitEnv() })
        const { api } = fake.spec
        apps.push({ name: of, repo: `${server.url}/acme/${of}.git`, forge: { kind: of, api, token: variable('FORGE_TOKEN') } })
      }
      const token = forge('github').state.token
      platform.configure({ apps, extra: extra(), env: { SLACK: slack.url, FORGE_TOKEN: token } })
    })

    afterAll(async () => {
      await platform?.strike()
      await server?.close()
      await slack?.close()
      for (const fake of forges.values()) await fake.close()
    })

    it('a commit is pending, and then live: on its status, its deployment, and in the chat', async () => {
      const commits = KINDS.map((of) => push(of, repo(of).write(webApp('one')).commit('One')))
      await platform.up()
      for (const [index, of] of KINDS.entries()) {
        const commit = commits[index] as string
        await ended(of, commit, 'success')
        const [first, last] = statuses(of, commit)
        expect(first).toMatchObject({ context: `trimtab/${of}`, state: 'pending', description: 'is being deployed' })
        expect(last).toMatchObject({ description: 'v1 is live', url: `http://${of}.test.localhost:${platform.routerPort}/` })
        expect(statuses(of, commit)).toHaveLength(2)
        await until(() => messages(`*${of}: v1 (${commit.slice(0, 7)}) is live*`).length === 1, 'the chat to hear of it')
      }
      await until(() => deployed(commits[0] as string)?.at(-1) === 'success', 'the deployment')
      expect(forge('github').state.deployments).toHaveLength(1)
      expect(forge('github').state.deployments[0]).toMatchObject({ environment: 'github' })
    })

    it('a commit that fails says why, and the log is in the chat; a revert has it recover', async () => {
      const files = { 'server.js': 'console.error("no database <here>")\nprocess.exit(3)\n' }
      for (const of of KINDS) {
        const good = repo(of).head()
        const bad = push(of, repo(of).write(files).commit('Broken'))
        await ended(of, bad, 'failure')
        expect(states(of, bad)).toEqual(['pending', 'failure'])
        expect(statuses(of, bad).at(-1)?.description).toMatch(/^CrashLoop: web ended 3 times in a row \(exit code 3\)/)
        await until(() => messages(`${of} failed: CrashLoop at ${bad.slice(0, 7)}`).length === 1, 'the chat to hear of it')
        const [told] = messages(`${of} failed`)
        expect(told?.blocks[0]).toContain(`v1 (${good.slice(0, 7)}) still serves.`)
        expect(told?.blocks[1]).toContain('no database &lt;here&gt;')

        const back = push(of, repo(of).revert())
        await ended(of, back, 'success')
        expect(statuses(of, back).at(-1)?.description).toBe('v1 is live, and is what this asks for')
        await until(() => messages(`*${of} has recovered: v1`).length === 1, 'the chat to hear of it')
      }
      expect(slack.refused).toEqual([])
    })

    it('a forge that hangs delays no deploy, nor what others are told', async () => {
      forge('github').intercept((_request, response) => hanging.push(response) > 0)
      const commit = push('github', repo('github').write({ 'text.txt': 'two' }).commit('Two'))
      await platform.live('github', commit, 15_000)
      await until(() => hanging.length > 0, 'the forge to be asked')
      await until(() => messages('*github: v3').length === 1, 'the chat to hear of it')
      const other = push('gitea', repo('gitea').write({ 'text.txt': 'two' }).commit('Two'))
      await ended('gitea', other, 'success')
      expect(states('github', commit)).toEqual([])
    })

    it('killed while a forge is away: the next start tells it what has become of each commit, in order', async () => {
      const second = repo('github').head()
      forge('github').intercept((_request, response) => response.writeHead(503).end() !== null)
      for (const response of hanging) response.destroy()
      const third = push('github', repo('github').write({ 'text.txt': 'three' }).commit('Three'))
      await platform.live('github', third)
      await until(async () => (await platform.status('github')).reports !== undefined, 'status to tell of it')
      const { out } = await platform.run('status')
      expect(out).toMatch(/^github: reports that have not arrived: \d+ waiting\. 127\.0\.0\.1:\d+ /m)
      await until(async () => (await platform.events('github')).some(({ type }) => type === 'ReportDelayed'), 'ReportDelayed')
      await platform.end('SIGKILL')
      // In its absence somebody pushes; and the forge is back.
      const fourth = push('github', repo('github').write({ 'text.txt': 'four' }).commit('Four'))
      forge('github').intercept(null)
      await platform.up()
      await ended('github', fourth, 'success')
      expect(states('github', second).at(-1)).toBe('success')
      expect(states('github', third).at(-1)).toBe('success')
      const order = forge('github').state.statuses.map(({ commit }) => commit)
      expect(order.lastIndexOf(second)).toBeLessThan(order.indexOf(third))
      expect(order.lastIndexOf(third)).toBeLessThan(order.indexOf(fourth))
      await until(async () => (await platform.status('github')).reports === undefined, 'nothing to wait any more')
    })

    it('a token that may not is told of; once that is put right, so is the commit', async () => {
      forge('gitea').state.access = 'read'
      const commit = push('gitea', repo('gitea').write({ 'text.txt': 'five' }).commit('Five'))
      await platform.live('gitea', commit)
      await until(async () => ((await platform.status('gitea')).reports?.dropped ?? 0) > 0, 'status to tell of it')
      const dropped = (await platform.events('gitea')).filter(({ type }) => type === 'ReportDropped')
      expect(dropped).toHaveLength(1)
      expect(dropped[0]?.message).toMatch(/^gitea 127\.0\.0\.1:\d+ acme\/gitea was not told \(status\): /)
      forge('gitea').state.access = 'admin'
      platform.configure({ extra: extra({ on: ['failed'] }) })
      await ended('gitea', commit, 'success')
      await until(async () => (await platform.status('gitea')).reports === undefined, 'nothing to complain of any more')
    })

    it('no address, token or secret is in the database, the events, or what is printed', async () => {
      const hidden = [forge('github').state.token, new URL(slack.url).pathname]
      const kept = readdirSync(platform.state).filter((name) => name.startsWith('trimtab.db'))
      expect(kept.length).toBeGreaterThan(0)
      const texts = [
        platform.output,
        JSON.stringify(await platform.events()),
        ...kept.map((name) => readFileSync(join(platform.state, name), 'latin1')),
      ]
      for (const secret of hidden) for (const text of texts) expect(text.includes(secret)).toBe(false)
    })
  },
  ['process'],
)
