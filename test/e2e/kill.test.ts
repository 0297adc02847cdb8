/**
 * `kill -9` of `up` at random instants of real rollouts, under load. After each kill trimtab is started again, and the world
 * must come to what git says, with nothing lost on the way. What runs is found without trimtab's help.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, it } from 'vitest'
import { Client } from '../../src/http/client.ts'
import { type Random, seeded } from '../simulation/random.ts'
import { type Kind, overKinds, type Running } from '../support/kinds.ts'
import { type LoadReport, startLoad } from '../support/load.ts'
import { type Outside, startOutside } from '../support/outside.ts'
import { TestPlatform, until } from '../support/platform.ts'
import { makeRepo, type Repo } from '../support/repo.ts'

const killsOf = ({ isOnHost }: Kind) => Number((isOnHost ? process.env.KILLS : process.env.CONTAINER_KILLS) ?? 50)
/** A rollout of these apps takes about this long. */
const within = (kind: string) => (kind.startsWith('process') ? 400 : 1_200)
const RATE = 150

const SERVER = readFileSync(join(import.meta.dirname, '../support/answering.mjs'), 'utf8')

let platform: TestPlatform | undefined
let load: { stop(): Promise<LoadReport> } | undefined
let outside: Outside | undefined

afterEach(async () => {
  await load?.stop().catch(() => {})
  await platform?.strike()
  await outside?.end()
})

overKinds((kind) =>
  it(`survives ${killsOf(kind)} kills at random instants of rollouts, and loses nothing`, {
    timeout: 900_000,
    retry: 0,
  }, async (context) => {
    if (process.platform !== 'linux') context.skip('linux: processes are found by /proc')
    const seed = Number(process.env.KILL_SEED ?? Math.floor(Math.random() * 2 ** 31))
    console.log(`kill: KILL_SEED=${seed}`)
    const random = seeded(seed)
    platform = await TestPlatform.make({ kind })
    outside = await startOutside()
    const world = new World(platform, random, outside)
    const withinMs = within(kind.name)
    const wanted = killsOf(kind)
    await platform.up()
    await world.converged()
    const targets = ['shop', 'blog'].map((app) => ({ host: `${app}.test.localhost`, app }))
    load = startLoad({ port: platform.routerPort, targets, rate: RATE })

    for (let kills = 0; kills < wanted; ) {
      const before = world.instances()
      const change = world.change()
      await sleep(random.below(withinMs))
      await platform.end('SIGKILL')
      kills++
      // Now and then it is killed again while it takes everything over.
      while (kills < wanted && random.chance(0.25)) {
        const starting = platform.up().catch(() => {})
        await sleep(random.below(2 * withinMs))
        await platform.end('SIGKILL')
        await starting
        kills++
      }
      await platform.up()
      await world.converged(`${change}, kill ${kills}`)
      const kept = world.instances()
      for (const one of before) {
        // The very same process, not only one of that name.
        if (world.unchanged(one)) expect(kept, `${one.name} (${change})`).toContainEqual(one)
      }
      await world.historyHolds()
    }

    const report = await load.stop()
    expect(report.lost, `of ${report.asked} requests`).toEqual([])
    expect(report.answered).toBe(report.asked)
    expect(report.kept).toBeGreaterThan(report.asked / 3)
    const twice = Object.entries(report.commits).filter(([, commits]) => commits.length !== 1)
    expect(twice, 'releases whose number two commits had').toEqual([])
    await platform.strike()
    platform = undefined
  }),
)

interface Member extends Running {
  app: string
}

/** Two apps of one repository, what is committed to them, and what must be true of them. */
class World {
  private readonly platform: TestPlatform
  private readonly random: Random
  private readonly repo: Repo
  private readonly outside: Outside
  private readonly client: Client
  private readonly versions = new Map<string, string>()
  private before = ''
  private count = 0

  constructor(platform: TestPlatform, random: Random, outside: Outside) {
    this.platform = platform
    this.random = random
    this.outside = outside
    this.repo = makeRepo(join(platform.dir, 'repo'))
    this.client = new Client(platform.state)
    const package_ = '{"private": true, "type": "module"}\n'
    this.repo.write({
      'shop/Procfile': `web: exec node server.js\nrelease: ${outside.note('$RELEASE_VERSION')}\n`,
      'shop/app.yaml': this.shopYaml(2),
      'shop/package.json': package_,
      'shop/server.js': SERVER,
      'blog/Procfile': 'web: exec node server.js\nworker: exec sleep 100000\n',
      'blog/package.json': package_,
      'blog/server.js': SERVER,
    })
    this.repo.commit('The first')
    platform.configure({ apps: ['shop', 'blog'].map((path) => ({ name: path, repo: './repo', branch: 'main', path })) })
  }

  /** Commits something; gives what, for messages. */
  change(): string {
    this.before = this.repo.head()
    const text = (app: string) => this.repo.write({ [`${app}/server.js`]: SERVER.replace('the first', `number ${++this.count}`) })
    const kind = this.random.pick(['shop', 'shop', 'shop', 'blog', 'both', 'scale', 'scale', 'revert', 'revert', 'revert'])
    if (kind === 'shop' || kind === 'both') text('shop')
    if (kind === 'blog' || kind === 'both') text('blog')
    if (kind === 'scale') this.repo.write({ 'shop/app.yaml': this.shopYaml((this.scale() % 3) + 1) })
    if (kind === 'revert' && this.count > 0) this.repo.revert()
    else this.repo.commit(kind)
    return kind
  }

  /** Waits until git's head is live, and exactly what it asks for runs. */
  async converged(after = 'the start'): Promise<void> {
    const head = this.repo.head()
    let seen = ''
    await until(
      async () => {
        const apps = await this.client.status()
        seen = JSON.stringify(apps)
        const failed = apps.find((one) => one.status === 'Failed' && one.desired.commit === head)
        if (failed) throw new Error(`after ${after}: ${seen}\n${this.platform.output}`)
        return apps.length === 2 && apps.every((one) => one.status === 'Live' && one.serving?.commit === head)
      },
      () => `${head} to be live after ${after}: ${seen}\n${this.platform.output}`,
    )
    const wanted = [
      ...Array.from({ length: this.scale() }, (_, at) => `shop web ${at + 1}`),
      ...['blog web 1', 'blog worker 1'],
    ].sort()
    let running: string[] = []
    await until(
      () => {
        running = this.instances().map((one) => `${one.app} ${one.process} ${one.index}`)
        return JSON.stringify(running.sort()) === JSON.stringify(wanted)
      },
      () => `exactly ${wanted} to run after ${after}; there are ${running}\n${this.platform.output}`,
    )
    await until(
      () => this.platform.strangers().length === 0,
      () => `nothing else to run after ${after}: ${JSON.stringify(this.platform.strangers())}`,
    )
  }

  /** Of both apps; the release phase is told by its ledger. */
  instances(): Member[] {
    return ['shop', 'blog'].flatMap((app) => this.platform.running(app).map((one) => ({ ...one, app })))
  }

  /** Whether the last change left this instance's app, its scale apart, as it was. */
  unchanged({ app, index }: Member): boolean {
    const touched = this.repo.git('diff', '--name-only', this.before, 'HEAD', '--', app).split('\n')
    return touched.every((path) => path === '' || path === 'shop/app.yaml') && (app !== 'shop' || index <= this.lowestScale())
  }

  /** Release numbers name one commit for ever, and the release phase ran once for each that went live. */
  async historyHolds(): Promise<void> {
    for (const app of ['shop', 'blog']) {
      for (const { version, commit, status } of await this.client.releases(app)) {
        const name = `${app} v${version}`
        expect(this.versions.get(name) ?? commit, name).toBe(commit)
        this.versions.set(name, commit)
        if (app === 'shop' && status === 'live') expect(this.outside.noted(), name).toContain(`v${version}`)
      }
    }
    const ran = this.outside.noted()
    expect(ran).toEqual([...new Set(ran)])
    for (const version of ran) expect([...this.versions.keys()]).toContain(`shop ${version}`)
  }

  private shopYaml(scale: number): string {
    return `processes: {web: {scale: ${scale}}}\n`
  }

  private scale(commit = 'HEAD'): number {
    return Number(/scale: (\d)/.exec(this.repo.git('show', `${commit}:shop/app.yaml`))?.[1])
  }

  private lowestScale(): number {
    return Math.min(this.scale(), this.scale(this.before))
  }
}

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
