/** In what order apps are started when nothing runs yet: after a reboot, or after `down`. */
import type { Draft } from './draft.ts'
import type { Observed } from './world.ts'

/** From trimtab's start: one app that does not come up keeps others down no longer than that. */
export const START_AFTER_MS = 60_000

/** Whether nothing of the app is to be started yet, because apps that it depends on are still coming up. */
export function startsLater({ startAfter, instances, now }: Observed, draft: Draft): boolean {
  if (!startAfter || startAfter.apps.length === 0 || now >= startAfter.until) return false
  if (instances.some((i) => !i.oneOff && i.state !== 'exited')) return false
  // They do not know of those who wait for them; it is seconds, and once.
  draft.wait(Math.min(250, startAfter.until - now), `${startAfter.apps.join(', ')} to be up, to be started after it`)
  return true
}
