/** The state directory, and the disk under it. */
import type { StatsFs } from 'node:fs'
import { mkdtemp, rm, stat, statfs } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { type Check, fail, ok, warn } from './check.ts'

const GIB = 1024 ** 3

export async function checkPlace(state: string): Promise<Check[]> {
  const [place, there] = await nearestFolder(state)
  return [
    await checkWritable(state, place, there),
    roomOn('disk', place, await statfs(place), 'builds and their results are kept there'),
  ]
}

/** The state directory, or before it exists the folder it will be made in. */
export async function nearestFolder(state: string): Promise<[place: string, there: boolean]> {
  for (let at = state; ; at = dirname(at)) {
    const found = await stat(at).catch(() => null)
    if (found !== null || at === dirname(at)) return [at, at === state]
  }
}

async function checkWritable(state: string, place: string, there: boolean): Promise<Check> {
  try {
    await rm(await mkdtemp(join(place, '.trimtab-doctor-')), { recursive: true })
    return ok('state', there ? state : `${state} (made by the first \`trimtab up\`)`)
  } catch (error) {
    const remedy = `Give this user the right to write there, or set another \`state:\` in platform.yaml`
    return fail('state', `cannot write in ${place} (${(error as NodeJS.ErrnoException).code})`, remedy)
  }
}

/** What is left on the disk of `place`, and whether that is enough. */
export function roomOn(name: string, place: string, { bavail, bsize, files, ffree }: StatsFs, kept: string): Check {
  const free = bavail * bsize
  const text = `${(free / GIB).toFixed(1)} GiB free on ${place}`
  const remedy = `Free some space there: ${kept}`
  if (free < GIB / 4) return fail(name, text, remedy)
  if (files > 0 && ffree < 10_000) return fail(name, `${ffree} files left (inodes) on ${place}`, remedy)
  return free < 2 * GIB ? warn(name, text, remedy) : ok(name, text)
}
