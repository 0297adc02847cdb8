/**
 * What becomes of the apps when the parts beneath them fail, under steady load, with every request counted. Each platform has an
 * engine of its own, to be stopped and killed. Whoever is blameless (an engine with live-restore, a route folder, a platform that
 * starts again) loses nothing; what cannot be kept (containers that their engine stops) must be back in seconds, and by itself.
 */
import { appendFileSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, it, type TestContext } from 'vitest'
import { type OwnEngine, ownEngine } from '../support/docker.ts'
import { type Containers, containersOn } from '../support/kinds/containers.ts'
import { embedded } from '../support/kinds/embedded.ts'
import type { Kind, KindRouter } from '../support/kinds/kind.ts'
import { traefik } from '../support/kinds/traefik.ts'
import { combined, isAsked } from '../support/kinds.ts'
import { type LoadReport, startLoad } from '../support/load.ts'
import { need } from '../support/need.ts'
import { TestPlatform, until } from '../support/platform.ts'
import type { Repo } from '../support/repo.ts'
import { traefikMissing } from '../support/traefik.ts'

const SERVER = readFileSync(join(import.meta.dirname, '../support/answering.mjs'), 'utf8')
const APPS = ['shop', 'blog']
const RATE = 100
const ROLLOUTS = Number(process.env.ROLLOUTS ?? 50)

interface Scene {
  platform: TestPlatform
  engine: OwnEngine
  containers: Containers
  kind: Kind
  repo: Repo
  /** Ends the load; gives what was lost of how many. */
  report(): Promise<LoadReport>
}

const ends: Array<() => Promise<unknown>> = []

afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

/** Two apps, live, and asked all the time. */
async function scene(context: TestContext, router: KindRouter, { liveRestore = false } = {}): Promise<Scene> {
  if (router === traefik) need(context, 'traefik', traefikMissing())
  const engine = await ownEngine(context, { liveRestore })
  ends.push(() => engine.end())
  const containers = containersOn(async () => engine.socket)
  const kind = combined(containers, router, ['docker'])
  const platform = await TestPlatform.make({ kind })
  ends.push(() => platform.strike())
  platform.configure({ apps: APPS.map((path) => ({ name: path, repo: './repo', path })) })
  const repo = platform.repo('repo')
  for (const app of APPS) {
    repo.write({
      [`${app}/Procfile`]: 'web: exec node server.js\n',
      [`${app}/package.json`]: '{"private": true, "type": "module"}\n',
      [`${app}/server.js`]: SERVER,
      [`${app}/app.yaml`]: 'processes: {web: {scale: 2, stop: {timeout: 5s}}}\n',
    })
  }
  const first = repo.commit('The first')
  await platform.up()
  for (const app of APPS) await platform.live(app, first)
  const targets = APPS.map((app) => ({ host: `${app}.test.localhost`, app }))
  const load = startLoad({ port: platform.routerPort, targets, rate: RATE })
  let report: Promise<LoadReport> | undefined
  const stop = () => {
    report ??= load.stop()
    return report
  }
  ends.push(() => stop().catch(() => {}))
  return { platform, engine, containers, kind, repo, report: stop }
}

/** Every instance as it was asked for, and each app answers. */
async function whole(scene: Scene, ms = 30_000): Promise<void> {
  await until(
    async () => {
      for (const app of APPS) {
        const { processes, status, failure } = await scene.platform.status(app)
        if (status !== 'Live' || failure !== null || processes[0]?.ready !== 2) return false
        if (!(await scene.platform.says(app).catch(() => '')).startsWith(`${app} `)) return false
      }
      return true
    },
    () => `both apps to be whole again\n${scene.platform.output}`,
    ms,
  )
}

/** The one that instances are on; builds have another. */
function networkOf({ containers }: Scene): string {
  const names = containers
    .docker('network', 'ls', '--filter', 'label=trimtab.role=network', '--format', '{{.Name}}')
    .trim()
    .split('\n')
  return names.find((name) => !name.endsWith('-builds')) ?? ''
}

const ids = (scene: Scene) => APPS.flatMap((app) => scene.platform.running(app).map(({ id }) => id)).sort()
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

function tell(what: string, { asked, lost }: LoadReport): void {
  const spread = lost.length > 0 ? `, over ${(lost.at(-1)?.at ?? 0) - (lost[0]?.at ?? 0)} ms` : ''
  console.log(`${what}: ${lost.length} of ${asked} requests lost${spread}`)
}

const ROUTERS = [
  ['docker+embedded', embedded],
  ['docker+traefik', traefik],
] as const
const asked = ROUTERS.filter(([name]) => isAsked(name))

describe.each(asked.length > 0 ? asked : ROUTERS)('%s', (_name, router) => {
  it('an engine with live-restore that is killed and started again: nothing is lost, nothing restarted', {
    timeout: 180_000,
  }, async (context) => {
    const on = await scene(context, router, { liveRestore: true })
    const before = ids(on)
    await on.engine.kill()
    const status = await on.platform.when('shop', ({ failure }) => failure?.code === 'RuntimeUnavailable')
    expect(status.serving).toMatchObject({ release: 1 })
    // A commit that comes meanwhile waits, and nothing is judged.
    const commit = on.repo.write({ 'shop/server.js': `${SERVER}// changed\n` }).commit('While the engine is away')
    await sleep(3_000)
    expect((await on.platform.status('blog')).serving).toMatchObject({ release: 1 })
    await on.engine.start()
    await on.platform.live('shop', commit)
    await whole(on)
    const blog = on.platform.running('blog').map(({ id }) => id)
    for (const id of blog) expect(before).toContain(id)
    const report = await on.report()
    tell('engine killed, with live-restore', report)
    expect(report.lost).toEqual([])
  })

  it('an engine that is stopped for 30 s, and its containers with it: all are back within seconds, none answers for another', {
    timeout: 240_000,
  }, async (context) => {
    const on = await scene(context, router)
    await on.engine.stop()
    await on.platform.when('shop', ({ failure }) => failure?.code === 'RuntimeUnavailable')
    await sleep(30_000)
    const away = await on.platform.status('shop')
    expect(away).toMatchObject({ serving: { release: 1 }, failure: { code: 'RuntimeUnavailable' } })
    await on.engine.start()
    const began = Date.now()
    await whole(on)
    const took = Date.now() - began
    const report = await on.report()
    tell(`engine stopped for 30 s, whole ${took} ms after its return`, report)
    expect(took).toBeLessThan(15_000)
    expect(report.lost.filter(({ problem }) => problem.startsWith('answered by'))).toEqual([])
  })

  it('the router is killed, and is back in about a second', { timeout: 180_000 }, async (context) => {
    const on = await scene(context, router)
    const before = on.kind.router(on.platform.state)
    on.kind.killRouter(on.platform.state)
    await until(() => ![null, before].includes(on.kind.router(on.platform.state)), 'another router')
    await whole(on)
    const report = await on.report()
    tell('router killed', report)
    const [first, last] = [report.lost[0], report.lost.at(-1)]
    if (first && last) expect(last.at - first.at).toBeLessThan(4_000)
    expect(report.lost.filter(({ problem }) => problem.startsWith('answered by'))).toEqual([])
  })

  it('the route folder is emptied by hand: it is written again, and rollouts go on', { timeout: 180_000 }, async (context) => {
    const on = await scene(context, router)
    const routes = join(on.platform.state, 'routes')
    const before = ids(on)
    for (const name of readdirSync(routes).filter((name) => APPS.includes(name.replace(/\.yml$/, '')))) rmSync(join(routes, name))
    await until(() => APPS.every((app) => readdirSync(routes).includes(`${app}.yml`)), 'both files to be back')
    await whole(on)
    expect(ids(on)).toEqual(before)
    const commit = on.repo.write({ 'shop/server.js': `${SERVER}// changed\n` }).commit('After it')
    await on.platform.live('shop', commit)
    const report = await on.report()
    tell('route folder emptied', report)
    const [first, last] = [report.lost[0], report.lost.at(-1)]
    if (first && last) expect(last.at - first.at).toBeLessThan(10_000)
  })

  it('a route file is changed while trimtab is away: it is written again, and nothing is lost', {
    timeout: 180_000,
  }, async (context) => {
    const on = await scene(context, router)
    const file = join(on.platform.state, 'routes', 'shop.yml')
    const good = readFileSync(file, 'utf8')
    await on.platform.end()
    appendFileSync(file, '# by hand\n')
    await on.platform.up()
    await until(() => readFileSync(file, 'utf8') === good, 'the file to be as it was')
    await whole(on)
    const report = await on.report()
    tell('route file changed', report)
    expect(report.lost).toEqual([])
  })

  it("the containers' network is removed: it is made again, and everything on it", { timeout: 180_000 }, async (context) => {
    const on = await scene(context, router)
    const network = networkOf(on)
    // What is disconnected is replaced at once, on the same network: whoever removes it has to be quick.
    await until(() => {
      try {
        for (const id of ids(on)) on.containers.docker('network', 'disconnect', '--force', network, id)
        on.containers.docker('network', 'rm', network)
        return true
      } catch {
        return false
      }
    }, 'the network to be gone')
    await whole(on)
    const report = await on.report()
    tell('network removed', report)
    expect(report.lost.filter(({ problem }) => problem.startsWith('answered by'))).toEqual([])
  })

  it('containers that somebody removes, stops, kills or disconnects are replaced within seconds', {
    timeout: 180_000,
  }, async (context) => {
    const on = await scene(context, router)
    const network = networkOf(on)
    for (const harm of [['rm', '--force'], ['stop'], ['kill'], ['network', 'disconnect', '--force', network]]) {
      const [victim] = on.platform.running('shop')
      on.containers.docker(...harm, victim?.id ?? '')
      const began = Date.now()
      await until(() => !ids(on).includes(victim?.id ?? '') || harm[0] === 'network', `${harm[0]} to have happened`)
      await whole(on)
      await until(() => !ids(on).includes(victim?.id ?? ''), `the victim of ${harm.join(' ')} to be gone`)
      expect(Date.now() - began, harm.join(' ')).toBeLessThan(10_000)
    }
    const images = on.containers.docker('images', '--format', '{{.Repository}}:{{.Tag}}').split('\n')
    on.containers.docker('rmi', '--force', ...images.filter((name) => name.startsWith('trimtab/') && !name.includes('stack')))
    const [victim] = on.platform.running('blog')
    on.containers.docker('rm', '--force', victim?.id ?? '')
    await whole(on, 60_000)
    const report = await on.report()
    tell('containers harmed one by one', report)
    // The other of an app's two instances serves meanwhile: at most what was on its way to the victim is lost.
    expect(report.lost.length).toBeLessThan(RATE / 8)
  })

  it(`${ROLLOUTS} rollouts at 200 requests a second, over kept connections and new ones: none is lost`, {
    timeout: 600_000,
  }, async (context) => {
    const on = await scene(context, router)
    const targets = APPS.map((app) => ({ host: `${app}.test.localhost`, app }))
    const more = startLoad({ port: on.platform.routerPort, targets, rate: 200 - RATE })
    ends.push(() => more.stop().catch(() => {}))
    for (let n = 0; n < ROLLOUTS; n++) {
      const app = APPS[n % 2] ?? ''
      const revert = n % 5 === 4
      const commit = revert
        ? on.repo.revert()
        : on.repo.write({ [`${app}/server.js`]: `${SERVER}// ${n}\n` }).commit(`Change ${n}`)
      for (const each of APPS) await on.platform.live(each, commit)
    }
    const reports = [await on.report(), await more.stop()]
    for (const report of reports) {
      tell(`${ROLLOUTS} rollouts`, report)
      expect(report.lost).toEqual([])
      expect(report.answered).toBe(report.asked)
      expect(report.kept).toBeGreaterThan(report.asked / 3)
    }
  })
})
