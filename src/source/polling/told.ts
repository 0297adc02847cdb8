/** What is told of polling, once for each change of it. Pure but for noting that it was told. */
import type { EventType } from '../../domain.ts'
import { headline } from '../../errors.ts'
import type { HostFault } from '../hostFault.ts'
import { RELIABLE, slowed } from './announced.ts'
import type { Host } from './host.ts'
import type { Question } from './question.ts'

/** null: it is asked as often as was told last. */
export function paceOf(question: Question): { type: EventType; message: string } | null {
  const { everyMs } = question.schedule
  const isSlowed = everyMs !== null && question.announced.isReliable && slowed(everyMs) > everyMs
  if (isSlowed === question.isSlowed) return null
  question.isSlowed = isSlowed
  const { url } = question
  if (isSlowed) {
    const times = `every ${inWords(slowed(everyMs))}, not every ${inWords(everyMs)}`
    return { type: 'PollingSlowed', message: `webhooks announced the last ${RELIABLE} changes of ${url}: it is asked ${times}` }
  }
  const times = everyMs === null ? 'by the clock' : `every ${inWords(everyMs)}`
  const message = question.announced.isReliable
    ? `${url} is asked ${times}, as platform.yaml has it now`
    : `${url} changed without a webhook: it is asked ${times} again`
  return { type: 'PollingResumed', message }
}

export function wentAway(host: Host, fault: HostFault, againMs: number): string {
  const tried = `When it answers, ${repositories(host)} asked again; one of them tries in ${inWords(againMs)}.`
  return `${host.name}: ${headline(fault.reason)} ${tried}`
}

export function cameBack(host: Host): string {
  return `${host.name} answers again: ${repositories(host)} asked as before`
}

function repositories({ repositories }: Host): string {
  return repositories === 1 ? 'its repository is' : `its ${repositories.toLocaleString('en')} repositories are`
}

/** 90 s → '90 s', 300 s → '5 min'. */
function inWords(ms: number): string {
  const seconds = Math.max(1, Math.round(ms / 1000))
  return seconds >= 120 && seconds % 60 === 0 ? `${seconds / 60} min` : `${seconds} s`
}
