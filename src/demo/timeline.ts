/** The way of one commit in events, as lines with the time since the commit was made. */
import type { Client } from '../http/client.ts'
import type { EventView } from '../http/wire.ts'
import { shortCommit } from '../text.ts'

const WORDS: Partial<Record<EventView['type'], string>> = {
  CommitSeen: 'commit seen',
  BuildQueued: 'build queued',
  BuildStarted: 'build started',
  BuildSucceeded: 'built',
  BuildSkipped: 'no build:',
  ReleaseCreated: 'release',
  InstanceStarted: 'started',
  InstanceReady: 'healthy',
  RoutesWritten: 'routes written',
  RoutesConfirmed: 'routed',
  RolloutSucceeded: 'live',
  RolledBack: 'rolled back',
  InstanceStopped: 'old one stopped',
  BuildFailed: 'build failed',
  RolloutFailed: 'failed',
}

/** Tells the events of `commit` until its rollout is over and, if `old` runs still, until that has stopped. Throws if it fails. */
export async function tell(client: Client, commit: string, committedAt: number, old: boolean, log: (line: string) => void) {
  const stop = new AbortController()
  const timer = setTimeout(() => stop.abort(), 60_000)
  const told: EventView['type'][] = []
  let live = false
  try {
    for await (const event of client.events({ app: 'hello', limit: 50, follow: true, signal: stop.signal })) {
      const at = Date.parse(event.at)
      // The old instance belongs to the commit before, and its end to the story of this one.
      if (at < committedAt || (event.commit !== commit && event.type !== 'InstanceStopped')) continue
      told.push(event.type)
      const words = WORDS[event.type]
      if (words) log(`  ${`+${at - committedAt} ms`.padStart(9)}  ${words.padEnd(15)} ${event.message.split('\n', 1)[0]}`)
      if (event.type === 'RolloutFailed') throw new Error(event.message)
      if (event.type === 'RolloutSucceeded') live = true
      if (live && (!old || told.includes('InstanceStopped'))) return told
    }
  } finally {
    clearTimeout(timer)
    stop.abort()
  }
  throw new Error(`the commit ${shortCommit(commit)} was not live within a minute`)
}
