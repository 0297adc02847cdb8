/** What commits, and people, say about whether and when something is deployed. */
import { userInfo } from 'node:os'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { appYaml, webApp } from '../support/apps.ts'
import { overRuntimes } from '../support/kinds.ts'
import { TestPlatform, until } from '../support/platform.ts'

const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat']
const clock = (at: number) => new Date(at).toISOString().slice(11, 16)

/** Open for an hour, three hours from now. */
function closedNow(): string {
  const from = Date.now() + 3 * 3_600_000
  return `${DAYS[new Date(from).getUTCDay()]} ${clock(from)}-${clock(from + 3_600_000)}`
}

/** Opens with the next minute that leaves time to see it closed, and stays open for an hour. */
function openingSoon(): { window: string; opensAt: number } {
  const opensAt = Math.ceil((Date.now() + 8_000) / 60_000) * 60_000
  return { window: `${DAYS[new Date(opensAt).getUTCDay()]} ${clock(opensAt)}-${clock(opensAt + 3_600_000)}`, opensAt }
}

const NAMES = ['mono', 'skips', 'hand', 'yaml', 'window', 'opens', 'base', 'middle', 'top', 'misspelt', 'hen', 'egg']

overRuntimes(
  (kind) => {
    let platform: TestPlatform

    beforeAll(async () => {
      platform = await TestPlatform.make({ kind })
      platform.configure({
        extra: { poll: '1s' },
        apps: NAMES.map((name) => ({
          name,
          repo: `./${name}`,
          ...(name === 'mono' && { path: 'services/shop', branch: 'main' }),
        })),
      })
      for (const name of NAMES) platform.repo(name)
      await platform.up()
    })

    afterAll(() => platform?.strike())

    const types = async (app: string) => (await platform.events(app)).map(({ type }) => type)
    const message = async (app: string, type: string) =>
      (await platform.events(app)).filter((event) => event.type === type).map((event) => event.message)
    const ids = (app: string) => platform.running(app).map(({ id }) => id)
    /** Waits until trimtab has looked at this commit and has nothing more to do. */
    const rests = (app: string, commit: string) =>
      until(async () => {
        const [[planned], { desired }] = [await platform.client.plan(app), await platform.status(app)]
        return desired.commit === commit && planned?.actions.length === 0
      }, `${app} to rest at ${commit}`)
    /** Of a commit that has failed before. */
    const goesLive = (app: string, commit: string) =>
      platform.when(app, ({ status, serving }) => status === 'Live' && serving?.commit === commit)
    const inFolder = (folder: string, files: Record<string, unknown>) =>
      Object.fromEntries(Object.entries(files).map(([path, text]) => [`${folder}/${path}`, text])) as ReturnType<typeof webApp>

    describe('paths', () => {
      it('a commit that changes none of them is noted, and not deployed', async () => {
        const repo = platform.openRepo('mono')
        repo.write(inFolder('services/shop', webApp('one', appYaml({ paths: ['services/shop/**', 'libs/**', '!**/*.md'] }))))
        const first = repo.commit('First')
        await platform.live('mono', first)
        const before = ids('mono')

        const docs = repo.write({ 'services/shop/README.md': 'More', 'services/auth/x.js': 'x' }).commit('Elsewhere')
        const status = await platform.when('mono', ({ desired, message }) => desired.commit === docs && message !== '')
        expect(status).toMatchObject({ status: 'Live', serving: { commit: first }, failure: null })
        expect(status.message).toBe(
          `the newest commit is not deployed, for it changes nothing of services/shop/**, libs/**, !**/*.md since ${first.slice(0, 7)}`,
        )
        expect(await platform.story('mono', docs)).toEqual(['CommitSkipped'])
        expect(await message('mono', 'CommitSkipped')).toEqual([
          `not deployed, for it changes nothing of services/shop/**, libs/**, !**/*.md since ${first.slice(0, 7)}: Elsewhere`,
        ])

        // Against what is deployed, not against the commit before.
        repo.git('switch', '--quiet', '--create', 'side')
        repo.write({ 'libs/x.js': 'x' }).commit('A library')
        const more = repo.write({ 'README.md': 'More' }).commit('And a page')
        repo.git('switch', '--quiet', 'main')
        repo.git('merge', '--quiet', '--ff-only', 'side')
        await platform.live('mono', more)
        const procfile = repo.write({ 'services/shop/Procfile': 'web: node server.js # as it was\n' }).commit('The Procfile')
        await platform.live('mono', procfile)
        expect(ids('mono')).not.toEqual(before)

        // Not even where history was rewritten; and where platform.yaml says something else, it is deployed.
        repo.git('commit', '--quiet', '--amend', '--allow-empty', '--message', 'Rewritten')
        const rewritten = repo.head()
        await until(async () => (await platform.story('mono', rewritten)).includes('CommitSkipped'), 'it to be passed over')
        repo.git('branch', 'other')
        platform.configure({
          apps: NAMES.map((name) => ({
            name,
            repo: `./${name}`,
            ...(name === 'mono' && { path: 'services/shop', branch: 'other' }),
          })),
        })
        await platform.live('mono', rewritten)
      })

      it('[skip cd] counts wherever in the message it stands', async () => {
        const repo = platform.openRepo('skips')
        const first = repo.write(webApp('one')).commit('First')
        await platform.live('skips', first)
        const second = repo.write({ 'text.txt': 'two' }).commit('A change\n\nOf which nobody\nneeds to know. [Skip CD]')
        await until(async () => (await platform.story('skips', second)).includes('CommitSkipped'), 'it to be passed over')
        expect(await platform.status('skips')).toMatchObject({ status: 'Live', serving: { commit: first } })
        const third = repo.commit('skip ci, ***NO_CI***, [skip-ci]: none of these is one of the words')
        await platform.live('skips', third)
        expect(await platform.says('skips')).toBe('two')
      })
    })

    describe('suspended', () => {
      it('by hand: no commit is deployed, what runs is kept running; resumed, only the newest is', async () => {
        const repo = platform.openRepo('hand')
        const first = repo.write(webApp('one')).commit('First')
        await platform.live('hand', first)
        const me = userInfo().username
        const suspended = await platform.run('suspend', 'hand', '--reason', 'the sale\u001b[31m is on')
        expect(suspended).toMatchObject({ code: 0 })
        expect(suspended.out).toMatch(
          new RegExp(`^hand is suspended by ${me} since .* \\(the sale is on\\): no commit .*v1 goes on\\.\n$`),
        )
        expect((await platform.run('suspend', 'hand', '--reason', 'another')).out).toContain('the sale')
        expect(await message('hand', 'Suspended')).toHaveLength(1)

        const second = repo.write({ 'text.txt': 'two' }).commit('Second')
        await rests('hand', second)
        const third = repo.write({ 'text.txt': 'three' }).commit('Third')
        await rests('hand', third)
        expect(await platform.status('hand')).toMatchObject({
          status: 'Suspended',
          serving: { commit: first, release: 1 },
          suspended: { by: me, reason: 'the sale is on' },
          processes: [{ type: 'web', want: 1, ready: 1 }],
        })
        expect(await platform.says('hand')).toBe('one')
        expect((await platform.run('status')).out).toMatch(
          new RegExp(`hand: suspended by ${me} .*${third.slice(0, 7)} is not deployed.*trimtab resume hand`),
        )
        expect((await platform.run('plan', 'hand')).out).toContain(`trimtab resume: suspended by ${me}`)
        for (const args of [
          ['sync', 'hand'],
          ['sync', 'hand', '--wait'],
        ]) {
          const asked = await platform.run(...args)
          expect(asked.code).toBe(1)
          expect(asked.out).toContain(`suspended by ${me}`)
        }

        // Over a new start, and a crash.
        await platform.end('SIGKILL')
        await platform.up()
        const before = ids('hand')
        await platform.get('hand.test.localhost', '/exit?code=1')
        await until(() => ids('hand').length === 1 && ids('hand')[0] !== before[0], 'a new instance')
        await until(async () => (await platform.says('hand')) === 'one', 'it to answer')
        // A restart is no deployment, and lifts nothing but down.
        expect((await platform.run('restart', 'hand')).out).toMatch(/stays suspended by/)
        expect(await platform.status('hand')).toMatchObject({ status: 'Suspended', serving: { commit: first } })

        expect(await platform.run('resume', 'hand')).toMatchObject({ code: 0, out: 'Commits of hand are deployed.\n' })
        await platform.live('hand', third)
        expect(await platform.says('hand')).toBe('three')
        expect(await platform.story('hand', second)).toEqual(['CommitHeld'])
        expect(await message('hand', 'Resumed')).toEqual([
          expect.stringMatching(`^resumed by ${me}; it was suspended by ${me} since`),
        ])
        expect(await platform.run('sync', 'hand', '--wait')).toMatchObject({ code: 0 })
      })

      it('by app.yaml: by that commit, until one that does not say so; down and suspend are two things', async () => {
        const repo = platform.openRepo('yaml')
        const first = repo.write(webApp('one')).commit('First')
        await platform.live('yaml', first)
        const second = repo.write({ 'text.txt': 'two', ...appYaml({ suspend: true }) }).commit('Second')
        await rests('yaml', second)
        const { suspended } = await platform.status('yaml')
        expect(suspended?.by).toBe(`app.yaml at ${second.slice(0, 7)}`)
        const third = repo.write({ 'text.txt': 'three' }).commit('Third')
        await rests('yaml', third)
        expect(await platform.status('yaml')).toMatchObject({
          status: 'Suspended',
          serving: { commit: first },
          suspended: { by: `app.yaml at ${third.slice(0, 7)}`, since: suspended?.since },
        })
        expect(await message('yaml', 'Suspended')).toEqual([expect.stringContaining(`app.yaml at ${second.slice(0, 7)}`)])

        const resumed = await platform.run('resume', 'yaml')
        expect(resumed.code).toBe(1)
        expect(resumed.out).toContain('a commit without "suspend: true" in app.yaml lifts that')
        await platform.run('down', 'yaml')
        const stopped = await platform.status('yaml')
        expect(stopped).toMatchObject({
          status: 'Suspended',
          down: { since: expect.any(String) },
          suspended: { by: expect.any(String) },
        })
        expect((await platform.run('status', 'yaml')).out).toMatch(
          /yaml: stopped by hand; `trimtab restart yaml`.*\nyaml: suspended by app.yaml at/,
        )
        await platform.run('restart', 'yaml')
        await until(async () => (await platform.says('yaml')) === 'one', 'it to be back')

        const fourth = repo.write({ 'text.txt': 'four', 'app.yaml': null }).commit('Fourth')
        await platform.live('yaml', fourth)
        expect(await platform.says('yaml')).toBe('four')
        expect(await platform.story('yaml', fourth)).toContain('Resumed')
        expect((await platform.status('yaml')).suspended).toBeUndefined()
      })
    })

    it('outside of its window the newest commit waits; one without a window is deployed at once', async () => {
      const repo = platform.openRepo('window')
      const first = repo.write(webApp('one')).commit('First')
      await platform.live('window', first)
      const timezone = 'Etc/GMT'
      const second = repo.write({ 'text.txt': 'two', ...appYaml({ deploy: { window: closedNow(), timezone } }) }).commit('Second')
      await rests('window', second)
      const status = await platform.status('window')
      expect(status).toMatchObject({
        status: 'Live',
        serving: { commit: first },
        failure: null,
        held: { commit: second, for: 'window' },
      })
      expect(status.message).toMatch(/^waiting for the deploy window: opens \w{3} \d\d:\d\d Etc\/GMT \(in 3 h\)$/)
      expect(Date.parse(status.held?.until ?? '') - Date.now()).toBeGreaterThan(2.9 * 3_600_000)
      expect(await platform.story('window', second)).toEqual(['CommitHeld'])
      const asked = await platform.run('sync', 'window', '--wait')
      expect({ code: asked.code, out: asked.out }).toMatchObject({
        code: 1,
        out: expect.stringContaining('the deploy window: opens'),
      })
      const third = repo.write({ 'text.txt': 'three' }).commit('Third')
      await rests('window', third)
      expect(await platform.says('window')).toBe('one')

      const fourth = repo.write({ 'text.txt': 'four', ...appYaml({ deploy: { window: '00:00-24:00' } }) }).commit('Open')
      await platform.live('window', fourth)
      expect(await platform.says('window')).toBe('four')
      expect(await platform.story('window', third)).toEqual(['CommitHeld'])
      expect((await platform.status('window')).held).toBeUndefined()
    })

    it('a window opens by itself, and what waited for it is deployed', { timeout: 120_000 }, async () => {
      const repo = platform.openRepo('opens')
      await platform.live('opens', repo.write(webApp('one')).commit('First'))
      const { window, opensAt } = openingSoon()
      const second = repo.write({ 'text.txt': 'two', ...appYaml({ deploy: { window, timezone: 'Etc/GMT' } }) }).commit('Second')
      await rests('opens', second)
      expect((await platform.status('opens')).held).toEqual({
        commit: second,
        for: 'window',
        until: new Date(opensAt).toISOString(),
      })
      await new Promise((resolve) => setTimeout(resolve, opensAt - Date.now()))
      await platform.live('opens', second)
      const events = await platform.events('opens')
      const began = events.find(({ commit, type }) => commit === second && type === 'RolloutStarted')
      expect(Date.parse(began?.at ?? '')).toBeGreaterThanOrEqual(opensAt)
      expect(Date.parse(began?.at ?? '')).toBeLessThan(opensAt + 5_000)
      expect(await platform.says('opens')).toBe('two')
    })

    describe('dependsOn', () => {
      it('a first release waits for all that it names, and goes on by itself', async () => {
        const top = platform
          .openRepo('top')
          .write(webApp('top', appYaml({ dependsOn: ['middle', 'base'] })))
          .commit('Top')
        const middle = platform
          .openRepo('middle')
          .write(webApp('middle', appYaml({ dependsOn: ['base'] })))
          .commit('Middle')
        await platform.when('top', (status) => status.message === 'waiting for base, middle to be live')
        await platform.when('middle', (status) => status.message === 'waiting for base to be live')
        expect(await platform.status('top')).toMatchObject({
          status: 'Pending',
          held: { commit: top, for: 'dependencies', until: null },
        })
        const base = platform.openRepo('base').write(webApp('base')).commit('Base')
        await platform.live('top', top)
        await platform.live('middle', middle)
        const live = (await platform.events()).filter(({ type }) => type === 'RolloutSucceeded').map(({ commit }) => commit)
        expect(live.filter((commit) => [top, middle, base].includes(commit ?? ''))).toEqual([base, middle, top])
        expect(await platform.story('top', top)).toContain('CommitHeld')

        // What depends on it goes on without it.
        await platform.run('down', 'base')
        expect(await platform.says('top')).toBe('top')
        const next = platform.openRepo('middle').write({ 'text.txt': 'on its own' }).commit('Next')
        await platform.live('middle', next)
        await platform.run('restart', 'base')
        await until(async () => (await platform.says('base')) === 'base', 'it to be back')
      })

      it('when all starts at once, each is started after those it depends on', async () => {
        const begins = (await platform.events()).at(-1)?.id ?? 0
        expect((await platform.run('down')).code).toBe(0)
        await until(() => platform.ended !== null, 'up to end')
        await platform.up()
        for (const app of ['base', 'middle', 'top'])
          await until(
            async () => (await platform.status(app)).processes.every(({ want, ready }) => ready >= want),
            `${app} to be up`,
          )
        const story = (await platform.events()).filter(({ id }) => id > begins)
        const place = (app: string, type: string) => story.findIndex((event) => event.app === app && event.type === type)
        expect(place('base', 'InstanceReady')).toBeGreaterThan(-1)
        expect(place('middle', 'InstanceStarted')).toBeGreaterThan(place('base', 'InstanceReady'))
        expect(place('top', 'InstanceStarted')).toBeGreaterThan(place('middle', 'InstanceReady'))
      })

      it('a name that nobody has is told, until somebody has it', async () => {
        const repo = platform.openRepo('misspelt')
        const first = repo.write(webApp('one', appYaml({ dependsOn: ['bse'] }))).commit('First')
        const { failure } = await platform.failed('misspelt', first)
        expect(failure).toMatchObject({ code: 'DependencyMissing', commit: first })
        expect(failure.message).toMatch(/^app\.yaml dependsOn: there is no app "bse" \(did you mean "base"\?\)\. Declared are: /)
        platform.repo('bse').write(webApp('bse')).commit('First')
        platform.configure({
          apps: [...NAMES, 'bse'].map((name) => ({
            name,
            repo: `./${name}`,
            ...(name === 'mono' && { path: 'services/shop', branch: 'other' }),
          })),
        })
        await goesLive('misspelt', first)
      })

      it('the commit that closes a circle fails, and names it; nothing else is hurt', async () => {
        const hen = platform.openRepo('hen').write(webApp('hen')).commit('Hen')
        await platform.live('hen', hen)
        const egg = platform
          .openRepo('egg')
          .write(webApp('egg', appYaml({ dependsOn: ['hen'] })))
          .commit('Egg')
        await platform.live('egg', egg)
        const closing = platform
          .openRepo('hen')
          .write({ 'text.txt': 'from an egg', ...appYaml({ dependsOn: ['egg'] }) })
          .commit('Closing')
        const status = await platform.failed('hen', closing)
        expect(status).toMatchObject({ serving: { commit: hen }, failure: { code: 'DependencyCycle' } })
        expect(status.failure.message).toContain('hen → egg → hen')
        expect(await platform.status('egg')).toMatchObject({ status: 'Live', failure: null })
        expect([await platform.says('hen'), await platform.says('egg')]).toEqual(['hen', 'egg'])
        // The other lets go: the circle is none any more.
        const free = platform.openRepo('egg').write({ 'app.yaml': null }).commit('Free')
        await platform.live('egg', free)
        await goesLive('hen', closing)
        expect(await types('egg')).not.toContain('RolloutFailed')
      })
    })
  },
  ['process'],
)
