import { oneLine, printable, shortCommit } from '../../text.ts'
import { type Paint, plain } from './paint.ts'
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

/** describe() for events one after the other: columns grow with what was seen, as what comes cannot be known. */
export function eventLines(paint: Paint): (event: DescribedEvent) => string {
  const columns = { app: 8, type: 'ReleasePhaseSucceeded'.length }
  return (event) => {
    columns.app = Math.max(columns.app, event.app.length)
    columns.type = Math.max(columns.type, event.type.length)
    return describe(event, paint, columns)
  }
}

/** The message's first line (a failure's others are its log, which `status` shows), with the commit it is about and how long it took. */
function sentence(event: DescribedEvent): string {
  const [first = '', ...more] = printable(event.message).trim().split('\n')
  const words = (oneLine(first) || inWords(event)) + (more.length > 0 ? ' …' : '')
  const commit = event.type.startsWith('Commit') && event.commit !== null ? shortCommit(event.commit) : ''
  const about = commit === '' || words.includes(commit) ? words : `${commit} ${words}`
  const took = event.durationMs === null ? '' : spoken(event.durationMs)
  return took === '' || about.includes(took) ? about : `${about} ${lasted(event.type, took)}`
}

/** What was done took so long; what ended, or came to nothing, did so after it. */
function lasted(type: string, took: string): string {
  if (/^(Instance(Ready|Stopped)|HostRecovered)$/.test(type)) return `after ${took}`
  // Their messages end with words of somebody else's, which "after" would be taken for a part of.
  return /Failed$|^InstanceExited$/.test(type) ? `(after ${took})` : `in ${took}`
}

/** `BuildSucceeded` of an event without a message: `build succeeded (1a2b3c4)`. */
function inWords({ type, commit, release }: DescribedEvent): string {
  const words = type.replace(/(?<=[a-z])(?=[A-Z])/g, ' ').toLowerCase()
  const about = [commit === null ? '' : shortCommit(commit), release === null ? '' : `v${release}`].filter((part) => part !== '')
  return about.length === 0 ? words : `${words} (${about.join(', ')})`
}

function tone(type: string, paint: Paint): (text: string) => string {
  if (/Failed$|Unhealthy$|Rejected$|Dropped$|^HostUnreachable$/.test(type)) return paint.red
  if (/^(RolloutSucceeded|BuildSucceeded|SourceRecovered|HostRecovered|RolledBack)$/.test(type)) return paint.green
  return paint.blue
}
