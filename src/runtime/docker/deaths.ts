/**
 * Instances that ended by themselves. The engine starts them again at once: its restart policy is for when trimtab is not there.
 * While it is, one that has ended has ended, so that crashes are counted and the pause after them is trimtab's to choose. Only the
 * event stream shows it: between two looks everything is over. What it misses is merely not counted.
 */
import type { EngineEvent } from '../../engine/events.ts'

export interface Death {
  at: number
  code: number | null
  outOfMemory: boolean
}

export interface Deaths {
  /** True: it is one, and the first of this container. */
  seen(event: EngineEvent): boolean
  of(id: string): Death | null
  /** It died, and was not started since: its list says so only when the engine has put its network away (moby, daemon/monitor.go). */
  isDown(id: string): boolean
  /** Events may have been missed: who was down may have been started. */
  missed(): void
  /** Only these are there any more. */
  keep(ids: Set<string>): void
}

interface Life {
  /** It got a signal through the engine since its start: somebody ends it, or the engine does because it is ending itself. */
  isSignalled: boolean
  isOutOfMemory: boolean
  isDown: boolean
  death: Omit<Death, 'outOfMemory'> | null
  seenAt: number
}

/** A list that was asked for before something came to be does not show it. */
const YOUNG_MS = 60_000

export function createDeaths(): Deaths {
  const lives = new Map<string, Life>()

  function lifeOf(id: string): Life {
    const life = lives.get(id) ?? { isSignalled: false, isOutOfMemory: false, isDown: false, death: null, seenAt: 0 }
    life.seenAt = performance.now()
    lives.set(id, life)
    return life
  }

  return {
    seen({ Type, Action, Actor, timeNano }) {
      const id = Actor?.ID
      if (Type !== 'container' || id === undefined) return false
      if (Action === 'start') Object.assign(lifeOf(id), { isSignalled: false, isDown: false })
      else if (Action === 'kill') lifeOf(id).isSignalled = true
      else if (Action === 'oom') lifeOf(id).isOutOfMemory = true
      else if (Action === 'destroy') lives.delete(id)
      else if (Action === 'die') {
        const life = lifeOf(id)
        life.isDown = true
        const code = Number(Actor?.Attributes?.exitCode ?? Number.NaN)
        const at = timeNano === undefined ? Date.now() : timeNano / 1e6
        if (life.isSignalled || life.death) return false
        life.death = { at, code: Number.isInteger(code) ? code : null }
        return true
      }
      return false
    },
    of(id) {
      const { death, isOutOfMemory } = lives.get(id) ?? {}
      return death ? { ...death, outOfMemory: isOutOfMemory ?? false } : null
    },
    isDown: (id) => lives.get(id)?.isDown === true,
    missed() {
      for (const life of lives.values()) life.isDown = false
    },
    keep(ids) {
      const young = performance.now() - YOUNG_MS
      for (const [id, { seenAt }] of lives) if (!ids.has(id) && seenAt < young) lives.delete(id)
    },
  }
}
