/** One run: random moves of the world and passes of trimtab, in any order; now and then calm, and then everything must be right. */
import { instanceName } from '../../src/domain.ts'
import { type Commit, commitOf, contentOf, randomTree } from './commits.ts'
import { Violation } from './invariants.ts'
import { Ledger } from './ledger.ts'
import { type Random, seeded } from './random.ts'
import { type Planner, pass } from './trimtab.ts'
import { APP, SimWorld } from './world.ts'

export interface Report {
  seed: number
  steps: number
  kills: number
  commits: number
  lives: number
  failures: number
}

/** Throws a Violation that names the seed and the step. */
export function simulate(planner: Planner, seed: number, steps: number): Report {
  const random = seeded(seed)
  const report: Report = { seed, steps: 0, kills: 0, commits: 0, lives: 0, failures: 0 }
  try {
    while (report.steps < steps) episode(planner, random, report, Math.min(400, steps - report.steps))
    return report
  } catch (error) {
    if (error instanceof Error) error.message = `seed ${seed}, step ${report.steps}: ${error.message}`
    throw error
  }
}

function episode(planner: Planner, random: Random, report: Report, budget: number): void {
  const world = new SimWorld(random)
  const end = report.steps + budget
  while (report.steps < end) {
    const moves = 5 + random.below(80)
    for (let i = 0; i < moves && report.steps < end; i++) {
      report.steps++
      if (random.chance(0.45)) disturb(world, random, report)
      else {
        pass(planner, world, () => {
          report.steps++
          if (random.chance(0.2)) disturb(world, random, report, true)
          if (!random.chance(0.1)) return false
          report.kills++
          world.reborn()
          return true
        })
      }
    }
    calm(planner, world, report)
  }
}

function disturb(world: SimWorld, random: Random, report: Report, amidst = false): void {
  const bodies = [...world.bodies.values()]
  const body = bodies.length > 0 ? random.pick(bodies) : null
  const what = random.below(100)
  if (what < 6) push(world, random, report)
  else if (what < 14) world.endBuild()
  else if (what < 40) body && world.live(body)
  else if (what < 43) body && body.state === 'running' && world.exit(body, 137)
  else if (what < 47) body && body.probe === 'ready' && set(body, 'unready')
  else if (what < 52) body && body.probe === 'unready' && body.fate !== 'mute' && set(body, 'ready')
  else if (what < 68) world.reload()
  else if (what < 70) world.routerUp = !world.routerUp
  else if (what < 76) world.request()
  else if (what < 82) body && body.requests > 0 && body.requests--
  else if (what < 84) world.readable = !world.readable
  else if (what < 94) world.now += random.pick([1, 20, 300, 1_500, 6_000])
  else if (what < 95) world.ledger.restart()
  else if (what < 96) random.chance(0.5) ? retry(world) : hold(world, random)
  else if (what < 97) world.ledger.suspended ? world.ledger.restart() : world.ledger.suspend()
  else if (what < 98) !amidst && random.chance(0.3) && loseStore(world)
  else if (what < 99) random.chance(0.3) && loseImage(world, random)
  else random.chance(0.2) && set(world, !world.declared)
}

function set(what: SimWorld | { probe: string }, to: string | boolean): void {
  if (what instanceof SimWorld) what.declared = to === true
  else what.probe = to as string
}

/** A new commit, a revert to an older tree, a force-push back, or a commit with nothing in it. */
function push(world: SimWorld, random: Random, report: Report): void {
  report.commits++
  const older = random.pick(world.commits)
  const kind = random.below(10)
  if (kind < 6) world.head = commitOf(randomTree(random, world.head.tree), random.chance(0.05))
  else if (kind < 8) world.head = commitOf(older.tree)
  else world.head = older
  if (!world.commits.includes(world.head)) world.commits.push(world.head)
}

/** `trimtab suspend` and `resume`, or another app that comes and goes. */
function hold(world: SimWorld, random: Random): void {
  if (random.chance(0.3)) world.othersLive = !world.othersLive
  else world.ledger.setSuspension(APP, world.ledger.suspension ? null : { by: 'somebody', reason: '' })
}

/** `trimtab sync`. */
function retry(world: SimWorld): void {
  world.ledger.again()
}

/** Somebody deletes the database: history is lost, and nothing else may be. */
function loseStore(world: SimWorld): void {
  const { suspended } = world.ledger
  world.ledger = new Ledger(() => world.now)
  if (suspended) world.ledger.suspend()
  world.phaseRuns.clear()
  world.reborn()
}

function loseImage(world: SimWorld, random: Random): void {
  if (world.images.size > 0) world.images.delete(random.pick([...world.images]))
}

/** Nothing goes wrong any more: within a bounded time the world is as git wants it, and stays so. */
function calm(planner: Planner, world: SimWorld, report: Report): void {
  world.readable = true
  world.routerUp = true
  world.othersLive = true
  world.ledger.setSuspension(APP, null)
  // What never answered will not begin to now.
  for (const body of world.bodies.values()) if (body.probe === 'unready' && body.fate !== 'mute') body.probe = 'ready'
  let quiet = 0
  for (let turn = 0; turn < 3_000; turn++) {
    const plan = pass(planner, world, () => false)
    world.reload()
    world.endBuild()
    for (const body of world.bodies.values()) {
      body.requests = 0
      world.live(body)
    }
    world.now += plan.again === null ? 500 : Math.min(plan.again, 5_000)
    quiet = plan.steps.length === 0 && plan.again === null && world.building?.state.state !== 'running' ? quiet + 1 : 0
    // A wait without an end (`again` null) is over when what it waits for has happened; a few quiet turns are convergence.
    if (quiet < 3) continue
    const unlucky = world.ledger.attempt?.state === 'failed' && isGood(world.head)
    if (!unlucky) return settled(world, report)
    // What befell a good commit was the world's doing; it is not tried again by itself, but when somebody asks.
    retry(world)
    quiet = 0
  }
  const { steps, waiting, again } = planner(world.desired(), world.observed())
  throw new Violation(
    `convergence: still busy after 3,000 turns of a calm world: ${JSON.stringify({ steps: steps.map((s) => [s.action, s.reason]), waiting, again })}`,
  )
}

function isGood(commit: Commit): boolean {
  return !commit.skip && (commit.tree.fate === 'ok' || commit.tree.fate === 'flaky-build')
}

function settled(world: SimWorld, report: Report): void {
  const { ledger, head } = world
  const must = (holds: boolean, what: string) => {
    if (!holds) throw new Violation(`convergence: ${what}`)
  }
  const names = [...world.bodies.values()].map((b) => `${b.name}:${b.state}`).sort()
  if (ledger.suspended || !world.declared) {
    // How the release phase of a rollout that only rests has ended is still to be read.
    const resting = world.declared ? ledger.find('pending')?.version : undefined
    const left = [...world.bodies.values()].filter((b) => !(b.oneOff && b.state === 'exited' && b.release === resting))
    must(left.length === 0 && world.served === null, `a stopped app still has ${names} and ${JSON.stringify(world.served)}`)
    return
  }
  const live = ledger.find('live')
  if (!head.skip) {
    const good = isGood(head)
    must(ledger.attempt?.commit === head.id, 'the newest commit was never taken up')
    must(
      ledger.attempt?.state === (good ? 'succeeded' : 'failed'),
      `a ${head.tree.fate} commit ended as ${ledger.attempt?.state}`,
    )
    must(good === (ledger.attempt?.failure === null || ledger.attempt?.state === 'succeeded'), 'a failure without its reason')
    if (good)
      must(JSON.stringify(live?.content) === JSON.stringify(contentOf(head.tree).content), 'what is live is not what git says')
    if (good) report.lives++
    else report.failures++
  }
  must(ledger.find('pending') === null, 'a release is pending for ever')
  must(ledger.held === null, 'a commit waits for nothing')
  if (!live) return
  for (const process of live.content.processes) {
    const mine = [...world.bodies.values()].filter((b) => b.process === process.type)
    must(mine.length === process.scale, `${mine.length} ${process.type} where ${process.scale} are wanted: ${names}`)
    must(
      mine.every((b) => b.fingerprint === live.fingerprint && b.state === 'running'),
      `not all of ${names} are of v${live.version}`,
    )
    must(new Set(mine.map((b) => b.index)).size === mine.length, `an index twice: ${names}`)
  }
  const web = [...world.bodies.values()].filter((b) => b.process === 'web').map((b) => b.address?.port)
  const ports = world.served?.routes.flatMap((r) => r.servers.map((s) => s.port)) ?? []
  must(JSON.stringify(web.sort()) === JSON.stringify([...ports].sort()), `the router serves ${ports}, and ${web} run`)
  must(instanceName({ app: 'a', process: 'b', release: 1, index: 1 }) === 'a.b.v1.1', 'names')
}
