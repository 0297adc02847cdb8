/**
 * Asks every repository now and then; its answer is only ever "look again". One question serves all apps that would ask the same,
 * and a host that does not answer is asked by one of its repositories for all of them. See docs/polling.md.
 */
import type { AppSpec, Poll } from '../domain.ts'
import { asTrimtabError, type TrimtabError } from '../errors.ts'
import type { NewEvent, Source } from '../ports.ts'
import { HostFault } from './hostFault.ts'
import type { Cause } from './polling/announced.ts'
import { Clock } from './polling/clock.ts'
import type { Host } from './polling/host.ts'
import { Hosts } from './polling/hosts.ts'
import { grouped, newQuestion, type Question } from './polling/question.ts'
import { backOff, jitter, LONGEST_MS, scheduleOf, spread } from './polling/schedule.ts'
import { paceOf } from './polling/told.ts'

export interface Poller {
  /** What is polled from now on, and how often where an app does not say. Those that are new are looked at at once. */
  set(apps: AppSpec[], poll: Poll): void
  /** Looks at one app's repository now. Never throws: what it found out is with the source. */
  look(app: string): Promise<void>
  /**
   * A webhook for this app's repository came in: looks now (or as soon as its host allows, where that has asked to be left alone),
   * and counts it for how reliably they come. Never throws.
   */
  hooked(app: string): Promise<void>
  close(): void
}

export interface PollerOptions {
  /** Hears of every look, for each app, with what went wrong in it, or null; and whether that is its host's fault, which is told by an event. */
  looked(app: string, trouble: TrimtabError | null, isHosts: boolean): void
  event(event: NewEvent): void
  now?(): number
  /** From 0 to 1. */
  chance?(): number
}

export function createPoller(source: Source, options: PollerOptions): Poller {
  const { looked, event, now = Date.now, chance = Math.random } = options
  const questions = new Map<string, Question>()
  /** App → what it asks. */
  const asking = new Map<string, Question>()

  const ask = async (question: Question, cause: Cause): Promise<void> => {
    stop(question)
    const [app] = question.apps.values()
    if (!app) return
    const askedAt = now()
    const found = await source.look(app).then(
      ({ commit }) => ({ commit, trouble: null }),
      (thrown: unknown) => ({ commit: null, trouble: asTrimtabError(thrown) }),
    )
    if (questions.get(question.key) !== question) return
    const { commit, trouble } = found
    const isHosts = isHostsFault(question, trouble, askedAt)
    // A host that answers "there is no such branch yet" answers well, and somebody may be about to push it.
    question.failures = trouble?.retry && !isHosts ? question.failures + 1 : 0
    if (commit !== null) {
      question.announced.looked(now(), question.commit !== null && question.commit !== commit, cause)
      question.commit = commit
    }
    schedule(question)
    for (const name of question.apps.keys()) looked(name, trouble, isHosts)
  }

  const isHostsFault = (question: Question, trouble: TrimtabError | null, askedAt: number): boolean => {
    const { host } = question
    if (!host) return false
    if (trouble instanceof HostFault) return host.failed(question, trouble, askedAt)
    // A full disk or a missing git is nobody's but ours.
    if (trouble?.code === 'Internal' || trouble?.code === 'DiskFull') host.unclear(question)
    else host.heard(question)
    return false
  }

  const stop = (question: Question) => {
    if (question.timer) clearTimeout(question.timer)
    question.timer = null
  }

  const after = (question: Question, ms: number, then: (question: Question) => void) => {
    stop(question)
    question.timer = setTimeout(() => then(question), ms).unref()
  }

  const due = (question: Question) => {
    if (question.host?.isAway) question.host.hold(question)
    else void ask(question, 'poll')
  }

  /** The next turn of a question that was asked just now. */
  const schedule = (question: Question) => {
    stop(question)
    tellPace(question)
    if (question.host?.isAway) return question.host.hold(question)
    const { everyMs } = question.schedule
    // With a cron expression the failing are asked again by the clock as well: somebody chose those times.
    if (everyMs === null) return
    const { failures, announced } = question
    const ms =
      failures > 0
        ? backOff(everyMs, failures, Math.max(LONGEST_MS, everyMs), chance())
        : announced.everyMs(everyMs) * jitter(chance())
    after(question, ms, due)
  }

  const tellPace = (question: Question) => {
    const told = paceOf(question)
    if (told) for (const app of question.apps.keys()) event({ app, ...told })
  }

  /** One after the other on each host, so that a thousand of them do not ask in the same second. */
  const spreadOut = (these: Iterable<Question>, then: (question: Question) => void) => {
    const places = new Map<Host, number>()
    for (const question of these) {
      const place = question.host ? (places.get(question.host) ?? 0) : 0
      if (question.host) places.set(question.host, place + 1)
      const ms = spread(place)
      if (ms === 0) then(question)
      else after(question, ms, then)
    }
  }

  const hosts = new Hosts(source, {
    now,
    chance,
    event,
    ask: (probe) => void ask(probe, 'poll'),
    resume: (waiting) => spreadOut(waiting, due),
  })

  const begin = (question: Question): Question => {
    questions.set(question.key, question)
    question.host?.questions.add(question)
    return question
  }

  const drop = (question: Question) => {
    stop(question)
    question.unwatch?.()
    questions.delete(question.key)
    if (question.host) hosts.leave(question.host, question)
  }

  const clock = new Clock((expression) => {
    spreadOut(
      [...questions.values()].filter(({ schedule }) => schedule.crons.has(expression)),
      due,
    )
  })

  return {
    async look(app) {
      const question = asking.get(app)
      if (question) await ask(question, 'asked')
    },
    async hooked(app) {
      const question = asking.get(app)
      if (!question) return
      question.announced.hooked(now())
      tellPace(question)
      if (question.host?.asksForPeace) question.host.hold(question)
      else await ask(question, 'hook')
    },
    set(apps, poll) {
      const wanted = grouped(apps)
      for (const question of [...questions.values()]) if (!wanted.has(question.key)) drop(question)
      asking.clear()
      const fresh: Question[] = []
      for (const { key, url, host, apps } of wanted.values()) {
        const times = scheduleOf(apps.values(), poll)
        const question =
          questions.get(key) ?? begin(newQuestion({ key, url, host: host === null ? null : hosts.named(host), schedule: times }))
        const isFresh = [...apps.keys()].some((app) => !question.apps.has(app))
        const isOther = times.everyMs !== question.schedule.everyMs
        Object.assign(question, { apps, schedule: times })
        for (const app of apps.keys()) asking.set(app, question)
        const [first] = apps.values()
        question.unwatch ??= source.watch(first as AppSpec, () => void ask(question, 'asked'))
        if (isFresh) fresh.push(question)
        else if (isOther) schedule(question)
      }
      clock.set(new Set([...questions.values()].flatMap(({ schedule }) => [...schedule.crons])))
      spreadOut(fresh, (question) => void ask(question, 'asked'))
    },
    close() {
      clock.set(new Set())
      for (const question of [...questions.values()]) drop(question)
      asking.clear()
    },
  }
}
