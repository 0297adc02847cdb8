/** What follows from the list of apps, whoever changes it: what is polled, what is looked at, what is taken away. */
import type { AppSpec } from '../domain.ts'
import { asTrimtabError } from '../errors.ts'
import type { Roster } from '../roster.ts'
import type { Removal } from './removal.ts'

/** Until a runtime that does not answer is asked again what runs. */
const AGAIN_MS = 5_000

interface Parts {
  roster: Roster
  removal: Removal
  /** What is polled from now on. */
  poll(apps: AppSpec[]): void
  trigger(app: string): void
  log(line: string): void
}

export interface KeepListed {
  /** Polls what is listed now, and has what is not listed any more taken away, or says why not. Never throws. */
  spread(): Promise<void>
  close(): void
}

/** Follows every change of the roster. */
export function keepListed({ roster, removal, poll, trigger, log }: Parts): KeepListed {
  let timer: NodeJS.Timeout | null = null
  let coming: Promise<void> | null = null
  let told: string | null = null

  const look = async () => {
    coming = null
    if (timer) clearTimeout(timer)
    poll(roster.apps())
    try {
      const refused = await removal.check(false)
      if (refused !== null && refused !== told) log(refused)
      told = refused
    } catch (error) {
      log(`What runs and is not declared any more stays for now: ${asTrimtabError(error).message}`)
      timer = setTimeout(spread, AGAIN_MS)
      timer.unref()
    }
  }
  /** At once, nothing goes before it has been looked at; the rest when all lists of a moment have been set. */
  const spread = () => {
    removal.listChanges()
    coming ??= Promise.resolve().then(look)
    return coming
  }
  roster.onChange(({ touched }) => {
    void spread()
    for (const app of touched) trigger(app)
  })
  return { spread, close: () => void (timer && clearTimeout(timer)) }
}
