/** What a route may do besides, from the commit to the request: on Traefik it is done, on the embedded router refused; secrets stay inside. */
import { readdirSync, readFileSync } from 'node:fs'
import { get } from 'node:http'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { appYaml, webApp } from '../support/apps.ts'
import { embedded } from '../support/kinds/embedded.ts'
import { processes } from '../support/kinds/processes.ts'
import { traefik } from '../support/kinds/traefik.ts'
import { combined } from '../support/kinds.ts'
import { need } from '../support/need.ts'
import { TestPlatform, until } from '../support/platform.ts'
import { traefikMissing } from '../support/traefik.ts'

const ANN = 'ann:$2y$04$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW'
const BOB = 'bob:{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ='
const HOST = 'guarded.example.test'
const guarded = (more: Record<string, unknown> = {}) =>
  appYaml({
    routes: [
      { host: [HOST, 'www.guarded.example.test'], basicAuth: { secret: 'admins' }, ...more },
      { host: 'old.example.test', redirect: `https://${HOST}` },
    ],
  })

describe('on Traefik', () => {
  let platform: TestPlatform | undefined
  const running = () => platform as TestPlatform
  /** The status for somebody with this name and the password "secret". */
  const status = (user?: string, host = HOST) =>
    new Promise<number>((resolve, reject) => {
      const auth = user === undefined ? {} : { auth: `${user}:secret` }
      get({ host: '127.0.0.1', port: running().routerPort, headers: { host }, agent: false, ...auth }, (response) => {
        response.resume()
        resolve(response.statusCode ?? 0)
      }).on('error', reject)
    })

  beforeAll(async () => {
    if (traefikMissing() !== null) return
    const kind = combined(processes, traefik, ['traefik'])
    platform = await TestPlatform.make({ kind, apps: [{ name: 'guarded', repo: './guarded' }], extra: { secrets: {} } })
    platform.repo('guarded').write(webApp('in', guarded())).commit('First')
    await platform.up()
  })
  beforeEach((context) => need(context, 'traefik', traefikMissing()))
  afterAll(() => platform?.strike())

  it('a secret that is not there fails the commit, and is told with its name; the operator adds it, and the commit is live', async () => {
    const first = running().openRepo('guarded').head()
    const { failure } = await running().failed('guarded', first)
    const missing = 'there is no secret "admins"; the operator adds it to platform.yaml (secrets: {admins: …})'
    expect(failure).toMatchObject({ code: 'ManifestInvalid', message: expect.stringContaining(missing) })
    // It did not take a build to find that out.
    expect(await running().story('guarded', first)).not.toContain('BuildStarted')

    running().configure({ extra: { secrets: { admins: `${ANN}\n` } } })
    await until(async () => (await running().status('guarded')).status === 'Live', 'it to be live')
    expect([await status(), await status('ann'), await status('bob'), await status('ann', 'www.guarded.example.test')]).toEqual([
      401, 200, 401, 200,
    ])
  })

  it('another secret changes who is let in, and nothing else', async () => {
    const before = running().running('guarded')
    running().configure({ extra: { secrets: { admins: `${ANN}\n${BOB}\n` } } })
    await until(async () => (await status('bob')) === 200, 'bob to be let in')
    expect(await status('ann')).toBe(200)
    await running().live('guarded', running().openRepo('guarded').head())
    expect(running().running('guarded')).toEqual(before)
  })

  it('a commit that changes options alone builds and starts nothing', async () => {
    const before = running().running('guarded')
    const commit = running()
      .openRepo('guarded')
      .write(guarded({ headers: { response: { 'X-Frame-Options': 'DENY' } }, allow: ['127.0.0.0/8'] }))
      .commit('Headers')
    await running().live('guarded', commit)
    expect((await running().get(HOST)).headers['x-frame-options']).toBeUndefined()
    expect(await status('ann')).toBe(200)
    expect(running().running('guarded')).toEqual(before)
    const story = await running().story('guarded', commit)
    expect(story).toEqual(expect.arrayContaining(['ReleaseCreated', 'RoutesWritten', 'RoutesConfirmed', 'RolloutSucceeded']))
    expect(story).not.toContain('BuildStarted')
    expect(story).not.toContain('InstanceStarted')
    const moved = await running().get('old.example.test', '/a?b=c')
    expect([moved.status, moved.headers.location]).toEqual([301, `https://${HOST}/a?b=c`])
  })

  it('what was taken away is gone when the commit is live', async () => {
    const commit = running()
      .openRepo('guarded')
      .write(appYaml({ routes: [{ host: HOST }] }))
      .commit('Open')
    await running().live('guarded', commit)
    expect([await status(), (await running().get('old.example.test')).status]).toEqual([200, 404])
    await running().live('guarded', running().openRepo('guarded').revert())
    expect(await status()).toBe(401)
  })

  it('the hashes are in no answer, event, plan or log', async () => {
    const commands = [
      ['status', '--json'],
      ['plan', '--json'],
      ['plan'],
      ['releases', 'guarded', '--json'],
      ['events', '--json'],
      ['logs', 'guarded'],
    ]
    const told = await Promise.all(commands.map((command) => running().run(...command)))
    expect(told.map(({ code }) => code)).toEqual(commands.map(() => 0))
    const { state } = running()
    const logs = readdirSync(state, { recursive: true, encoding: 'utf8' }).filter((name) => /\.log$/.test(name))
    const texts = [
      running().output,
      ...told.map(({ out, err }) => out + err),
      ...logs.map((name) => readFileSync(join(state, name), 'utf8')),
    ]
    expect(logs.length).toBeGreaterThan(0)
    for (const hash of [ANN.slice(4), BOB.slice(4)]) expect(texts.filter((text) => text.includes(hash))).toEqual([])
  })
})

describe('on the embedded router', () => {
  let platform: TestPlatform
  beforeAll(async () => {
    const kind = combined(processes, embedded, [])
    platform = await TestPlatform.make({ kind, apps: [{ name: 'plain', repo: './plain' }] })
    const routes = [{ host: ['plain.example.test', 'www.plain.example.test'] }]
    platform
      .repo('plain')
      .write(webApp('plain', appYaml({ routes })))
      .commit('First')
    await platform.up()
    await platform.live('plain', platform.openRepo('plain').head())
  })
  afterAll(() => platform?.strike())

  it('several hosts are served', async () => {
    for (const host of ['plain.example.test', 'www.plain.example.test']) expect((await platform.get(host)).body).toBe('plain')
  })

  it('what only Traefik does is refused with a word on why, and what served serves on', async () => {
    const routes = [{ host: 'plain.example.test', rateLimit: '100/s' }, { host: '*.plain.example.test' }]
    const { failure, serving } = await platform.failed(
      'plain',
      platform.openRepo('plain').write(appYaml({ routes })).commit('More'),
    )
    const why = "needs Traefik, and this platform's router is the embedded one (platform.yaml: router: {kind: traefik})"
    expect(failure).toMatchObject({
      code: 'ManifestInvalid',
      message: [
        `app.yaml routes: plain.example.test/: rateLimit ${why}`,
        `app.yaml routes: *.plain.example.test/: a host with * ${why}`,
      ].join('\n'),
    })
    expect(serving?.release).toBe(1)
    expect((await platform.get('www.plain.example.test')).body).toBe('plain')
  })
})
