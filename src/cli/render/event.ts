import { type Paint, plain } from './paint.ts'
import { oneLine, shortCommit } from './text.ts'
import { clock, spoken } from './time.ts'

/** What describe() needs of an event: the wire's (ISO time) and the domain's (milliseconds) both have it. */
export interface DescribedEvent {
  at: string | number
  app: string
  type: string
  commit: string | null
  release: number | null
  message: string
  durationMs: number | null
}

/** For columns that line up; 0: no wider than what stands in them. */
export interface Columns {
  app: number
  type: number
}

/** An event on one line for people: `12:03:04 hello  BuildSucceeded  built in 1.2s`. */
export function describe(event: DescribedEvent, paint: Paint = plain, columns: Columns = { app: 0, type: 0 }): string {
  const app = oneLine(event.app).padEnd(columns.app)
  const type = oneLine(event.type)
  return `${paint.dim(clock(event.at))} ${app}  ${tone(type, paint)(type.padEnd(columns.type))}  ${sentence(event)}`.trimEnd()
}

/** The message, with how long it took unless it says so itself. */
function sentence(event: DescribedEvent): string {
  const words = oneLine(event.message) || inWords(event)
  if (event.durationMs === null) return words
  const took = spoken(event.durationMs)
  return words.includes(took) ? words : `${words} in ${took}`
}

/** `BuildSucceeded` of an event without a message: `build succeeded (1a2b3c4)`. */
function inWords({ type, commit, release }: DescribedEvent): string {
  const words = type.replace(/(?<=[a-z])(?=[A-Z])/g, ' ').toLowerCase()
  const about = [commit === null ? '' : shortCommit(commit), release === null ? '' : `v${release}`].filter((part) => part !== '')
  return about.length === 0 ? words : `${words} (${about.join(', ')})`
}

function tone(type: string, paint: Paint): (text: string) => string {
  if (/Failed$|Unhealthy$|CrashLooping|Rejected$/.test(type)) return paint.red
  if (/^(RolloutSucceeded|BuildSucceeded|SourceRecovered|RolledBack)$/.test(type)) return paint.green
  return paint.blue
}
