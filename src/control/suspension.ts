/** `suspend` and `resume`: whether commits are deployed. That what runs is stopped, and started again, is `down` and `restart`. */
import { TrimtabError } from '../errors.ts'
import { inWords } from '../plan/hold.ts'
import type { Control } from '../ports.ts'
import { oneLine } from '../text.ts'
import type { World } from '../world.ts'
import { viewStatus } from './view.ts'

const LONGEST = { by: 60, reason: 300 }

export function suspensionControl(
  world: World,
  known: (app: string) => string,
  trigger: (app: string) => void,
): Pick<Control, 'suspend' | 'resume'> {
  const { store } = world
  return {
    async suspend(app, { by, reason }) {
      const before = store.read(known(app)).suspension
      const who = named(by)
      store.setSuspension(app, { by: who, reason: plain(reason, LONGEST.reason) })
      const suspension = store.read(app).suspension
      if (!before && suspension) {
        const message = `${inWords(suspension)}: no commit is deployed until trimtab resume ${app}; what runs stays`
        store.event({ app, type: 'Suspended', message })
      }
      trigger(app)
      return viewStatus(app, world)
    },
    async resume(app, { by }) {
      const before = store.read(known(app)).suspension
      const who = named(by)
      store.setSuspension(app, null)
      if (before) store.event({ app, type: 'Resumed', message: `resumed by ${who}; it was ${inWords(before)}` })
      trigger(app)
      return viewStatus(app, world)
    },
  }
}

function named(by: string): string {
  const who = plain(by, LONGEST.by)
  if (who === '') throw new TrimtabError('Usage', 'A suspension has a name to it: say who it is by.')
  return who
}

/** It is shown to others. */
const plain = (text: string, longest: number): string => oneLine(text).slice(0, longest)
