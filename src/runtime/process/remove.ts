/** Forgetting an instance, in one step: a crash leaves all of it or nothing. */
import { randomBytes } from 'node:crypto'
import { readdirSync, renameSync, rmdirSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Place } from './places.ts'

/** A name that begins with a dot is neither an app nor an instance. */
const REMOVED = '.removed-'

export function removeInstance(instances: string, place: Place): void {
  const doomed = join(instances, `${REMOVED}${randomBytes(6).toString('hex')}`)
  renameSync(place.dir, doomed)
  rmSync(doomed, { recursive: true, force: true })
  try {
    rmdirSync(dirname(place.dir))
  } catch {
    // Not empty: the app has other instances.
  }
}

/** Directories whose removal was cut short. */
export function removeLeftOvers(instances: string): void {
  for (const name of readdirSync(instances)) {
    if (name.startsWith(REMOVED)) rmSync(join(instances, name), { recursive: true, force: true })
  }
}
