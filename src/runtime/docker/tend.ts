/** What every look at the containers finishes: stops that were begun, starts that were cut short, one-offs that lost their terminal. */
import type { Engine } from '../../engine/engine.ts'
import { LABEL } from '../../engine/labels.ts'
import type { Container } from './census.ts'
import { removeContainer } from './start.ts'
import type { Stops } from './stops.ts'

/** One-offs that this process has at a terminal now. The state directory has one owner at a time: any other is nobody's any more. */
const attached = new Set<string>()
let count = 0

/** What a one-off is known by, until `end`. */
export function attachment(platform: string, app: string): { labels: Record<string, string>; end(): void } {
  const owner = `${process.pid} ${Math.round(performance.timeOrigin)} ${++count}`
  attached.add(owner)
  return {
    labels: { [LABEL.platform]: platform, [LABEL.app]: app, [LABEL.role]: 'run', [LABEL.spec]: owner },
    end: () => void attached.delete(owner),
  }
}

export interface Tended {
  engine: Engine
  stops: Stops
  /** Whether an instance of this name is being started by this process now. */
  isStarting(name: string): boolean
  /** Whether it counts as removed, although the engine could not. */
  isDismissed(id: string): boolean
  /** It has ended, and the engine is about to start it again. */
  keepDown(id: string): void
}

export function createTending({ engine, stops, isStarting, isDismissed, keepDown }: Tended) {
  const clearing = new Set<string>()

  function clear(id: string, force: boolean): void {
    if (clearing.has(id)) return
    clearing.add(id)
    // One that was started since is not 'created' any more: without force, the engine does not remove it.
    removeContainer(engine, id, force)
      .catch(() => {}) // the next look tries again
      .finally(() => clearing.delete(id))
  }

  return function tend(containers: Container[]): void {
    for (const { id, spec, state, isStopping, labels } of containers) {
      const isAbandoned = labels[LABEL.role] === 'run' && !attached.has(labels[LABEL.spec] ?? '')
      const isHalfMade = spec !== null && state === 'created' && !isStarting(spec.name)
      const isLeftOver = isAbandoned || isDismissed(id)
      if (isLeftOver || isHalfMade) clear(id, isLeftOver)
      if (!spec || isLeftOver) continue
      if (state === 'restarting') keepDown(id)
      else if (state === 'exited' || state === 'dead') stops.ended(id)
      else if (isStopping && (state === 'running' || state === 'paused')) stops.tell(id, spec.stop, spec.stop.signal)
    }
  }
}
