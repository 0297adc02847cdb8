/** Which pull requests are shown. Pure: the same pull requests at the same time come to the same. */
import type { PreviewsSpec } from '../domain.ts'
import type { PullRequest } from '../ports.ts'
import type { Shown } from './app.ts'
import { previewName } from './name.ts'

export interface Asked {
  app: string
  spec: PreviewsSpec
  /** Open ones, all of them. */
  pulls: PullRequest[]
  /** Those that are shown now, in the order in which they came. */
  shown: Shown[]
  /** Forks whose label was set by somebody who may push. */
  trusted: ReadonlySet<number>
  /** Names of apps that are no previews. */
  taken: ReadonlySet<string>
  now: number
}

export interface Choice {
  shown: Shown[]
  /** Those that have the label and are not shown, by number, with the reason in plain words. */
  refused: Map<number, string>
  /** Those that were shown, and why they are not any more. */
  closed: Map<number, string>
}

/** What is shown stays before what is new, and of that the lowest number comes first. */
export function choose(asked: Asked): Choice {
  const { spec, now } = asked
  const pulls = new Map(asked.pulls.filter(isPlausible).map((pull) => [pull.number, pull]))
  const known = new Map(asked.shown.map((one) => [one.number, one]))
  const rest = [...pulls.keys()].filter((number) => !known.has(number)).sort((a, b) => a - b)
  const choice: Choice = { shown: [], refused: new Map(), closed: new Map() }
  for (const number of [...known.keys(), ...rest]) {
    const pull = pulls.get(number)
    const before = known.get(number)
    const isLabelled = pull?.labels.includes(spec.label) ?? false
    const refusal = pull && isLabelled ? refusalOf(pull, asked) : null
    if (pull && isLabelled && refusal === null && choice.shown.length < spec.limit) {
      choice.shown.push(shownAs(pull, before))
      continue
    }
    const full = `there are ${spec.limit} already, which is the limit (previews.limit)`
    if (isLabelled) choice.refused.set(number, refusal ?? full)
    if (before)
      choice.closed.set(number, pull ? (isLabelled ? (refusal ?? full) : 'its label was removed') : 'it is not open any more')
  }
  return choice

  function refusalOf({ number, isFork, updatedAt }: PullRequest, { trusted, taken, app }: Asked): string | null {
    const name = previewName(app, number)
    if (taken.has(name)) return `there is an app named ${name} already`
    if (updatedAt + spec.ttlMs <= now) return 'nothing of it has changed for so long that it has expired (previews.ttl)'
    if (isFork && !trusted.has(number)) {
      return `it comes from a fork, and its label "${spec.label}" was not set by anybody who may push to the repository`
    }
    return null
  }
}

/** The label of a fork was set for the commit that it had then; on a branch of the repository only those push who may. */
function shownAs({ number, ref, isFork, commit }: PullRequest, before: Shown | undefined): Shown {
  const isSame = before?.isFork === true && isFork && before.ref === ref
  return { number, ref, isFork, commit: isSame ? before.commit : commit }
}

/** A number becomes part of names, and a ref of what git is asked for, so no answer is believed blindly. */
function isPlausible({ number, ref, commit }: PullRequest): boolean {
  return (
    Number.isSafeInteger(number) && number > 0 && number < 1e9 && isRef(ref) && /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(commit)
  )
}

/** By the rules of git-check-ref-format(1). */
function isRef(ref: string): boolean {
  const parts = ref.split('/')
  const isPart = (part: string) => part !== '' && !part.startsWith('.') && !/\.lock$/.test(part)
  return parts[0] === 'refs' && parts.length > 2 && parts.every(isPart) && !/[\s\p{Cc}~^:?*[\\]|\.\.|@\{|\.$/u.test(ref)
}
