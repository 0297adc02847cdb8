/** The hosts that are polled; what becomes of them is told in events, and to the source, for all of their repositories at once. */
import type { NewEvent, Source } from '../../ports.ts'
import type { HostFault } from '../hostFault.ts'
import { Host } from './host.ts'
import type { Question } from './question.ts'
import { cameBack, wentAway } from './told.ts'

export interface HostsOptions {
  now(): number
  /** From 0 to 1. */
  chance(): number
  event(event: NewEvent): void
  ask(probe: Question): void
  /** They were due while their host was away. */
  resume(waiting: Question[]): void
}

export class Hosts {
  readonly #source: Source
  readonly #options: HostsOptions
  readonly #hosts = new Map<string, Host>()

  constructor(source: Source, options: HostsOptions) {
    this.#source = source
    this.#options = options
  }

  named(name: string): Host {
    const known = this.#hosts.get(name)
    if (known) return known
    const { now, chance, ask, event, resume } = this.#options
    const host = new Host(name, {
      now,
      chance,
      ask,
      went: (host, fault, againMs) => {
        this.#doubt(host, fault)
        event({ app: '', type: 'HostUnreachable', message: wentAway(host, fault, againMs) })
      },
      came: (host, waiting, awayMs) => {
        this.#doubt(host, null)
        event({ app: '', type: 'HostRecovered', message: cameBack(host), durationMs: awayMs })
        resume(waiting)
      },
    })
    this.#hosts.set(name, host)
    return host
  }

  leave(host: Host, question: Question): void {
    host.leave(question)
    if (host.questions.size === 0) this.#hosts.delete(host.name)
  }

  #doubt(host: Host, fault: HostFault | null): void {
    for (const { url, apps } of host.questions) {
      for (const app of apps.values()) this.#source.doubt(app, fault?.of({ url }) ?? null)
    }
  }
}
