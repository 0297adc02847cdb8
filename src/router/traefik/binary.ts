/** Traefik as a process of its own: found again by its record, started where there is none, replaced where it is not as wanted. */
import { readdirSync, readFileSync } from 'node:fs'
import type { TraefikSpec } from '../../domain.ts'
import { identityOf } from '../identity.ts'
import { rotateAccessLog } from './access-log.ts'
import { Connections } from './connections.ts'
import { type Form, holds } from './form.ts'
import { isUp, launch } from './launch.ts'
import { aliveIn, type Place, type Record, Records } from './place.ts'
import { freePort, isTaken } from './ports.ts'
import { checkProgram, findProgram, type Program } from './program.ts'
import { Settings } from './settings.ts'
import { addressOf, apiPath, GRACE_S } from './static.ts'
import { concernsPort, isAddressInUse, startFailure } from './words.ts'

/** For one that was told to end to give up its addresses. */
const HAND_OVER_MS = 3_000
const READY_MS = 15_000

export function asBinary(spec: TraefikSpec, binary: string, routes: string, place: Place): Form {
  const settings = new Settings(place, routes, spec, {
    http: addressOf(spec.listen),
    https: addressOf(spec.https?.listen ?? spec.listen),
    api: (port) => `127.0.0.1:${port}`,
  })
  const listens = [spec.listen, ...(spec.https ? [spec.https.listen] : [])]
  const connections = new Connections(false)
  const records = new Records(place)
  /** The one that has answered, so that it is asked once only. */
  let answered = ''

  const ensure = async (): Promise<boolean> => {
    const record = records.read()
    settings.refresh(record.api.key)
    const pid = aliveIn(record)
    const program = pid === null ? findProgram(binary) : present(binary)
    const made = settings.made()
    if (pid !== null && record.made === made && (program === null || record.program === program.stamp)) {
      if (answered !== record.identity) {
        await holds(READY_MS, async () => aliveIn(record) === null || (await isUp(apiOf(record))))
        answered = record.identity ?? ''
      }
      rotateAccessLog(place, () => process.kill(pid, 'SIGUSR1'))
      return false
    }
    const wanted = program ?? findProgram(binary)
    await checkProgram(wanted)
    // It gives up its addresses now, and ends when what is in flight is done.
    if (pid !== null) signal(pid, 'SIGTERM')
    await start(wanted, { ...record, made, program: wanted.stamp }, pid !== null)
    return true
  }

  const start = async (program: Program, record: Record, replaces: boolean): Promise<void> => {
    let giveUp = performance.now() + (replaces ? HAND_OVER_MS : 0)
    let force: NodeJS.Signals = 'SIGTERM'
    for (let { port } = record.api; ; ) {
      // What answers at the API's address must be the one that is started now.
      if (replaces) await holds(HAND_OVER_MS, async () => !(await isTaken(port)))
      const api = { ...record.api, port: await freePort(port) }
      settings.write(api)
      const started = await launch(program.path, place, apiOf({ api }), (pid) => {
        records.write({ ...record, api, pid, identity: identityOf(pid) })
      })
      if (started.ok) return
      const { words } = started
      if (!isAddressInUse(words)) throw startFailure(words, listens, place.log)
      if (concernsPort(words, api.port)) {
        port = 0
        continue
      }
      // One of ours that no record tells of has it, or one that is about to leave it.
      const lost = pidsOf(place)
      if (performance.now() >= giveUp) {
        if (lost.length === 0 || force === 'SIGKILL') throw startFailure(words, listens, place.log)
        force = replaces ? 'SIGKILL' : 'SIGTERM'
        replaces = true
        giveUp = performance.now() + HAND_OVER_MS
      }
      for (const pid of lost) signal(pid, force)
    }
  }

  return {
    routes,
    log: place.log,
    ensure,
    async stop() {
      const record = records.read()
      const pid = aliveIn(record)
      const pids = [...new Set([...(pid === null ? [] : [pid]), ...pidsOf(place)])].map((pid) => ({ pid, is: identityOf(pid) }))
      for (const { pid } of pids) signal(pid, 'SIGTERM')
      const left = () => pids.filter(({ pid, is }) => is !== '' && identityOf(pid) === is)
      await holds(GRACE_S * 1000 + 2_000, () => left().length === 0)
      for (const { pid } of left()) signal(pid, 'SIGKILL')
      await holds(1_000, () => left().length === 0)
      if (record.made !== '') records.write({ api: record.api, made: '' })
    },
    api: () => apiOf(records.read()),
    async connections(address) {
      const pid = aliveIn(records.read())
      return pid === null ? null : connections.count(pid, address)
    },
    problem: () => settings.problem,
  }
}

function apiOf({ api: { port, key } }: Pick<Record, 'api'>): string {
  return `http://127.0.0.1:${port}${apiPath(key)}/api`
}

/** One that runs goes on without its program: it may be about to be exchanged. */
function present(binary: string): Program | null {
  try {
    return findProgram(binary)
  } catch {
    return null
  }
}

/** Every Traefik that was given our configuration, whatever the record says. Linux only; elsewhere there is the record alone. */
function pidsOf({ config }: Place): number[] {
  try {
    const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name))
    return pids.filter((pid) => argumentsOf(pid)[1] === `--configFile=${config}`).map(Number)
  } catch {
    return []
  }
}

function argumentsOf(pid: string): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')
  } catch {
    return []
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name)
  } catch {
    // It has ended.
  }
}
