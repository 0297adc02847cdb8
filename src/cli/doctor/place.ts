/** The state directory, the disk under it, and the clock. */
import { mkdtemp, rm, stat, statfs } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { type Check, fail, ok, warn } from './check.ts'

const GIB = 1024 ** 3

export async function checkPlace(state: string): Promise<Check[]> {
  const [place, there] = await nearestFolder(state)
  return Promise.all([checkWritable(state, place, there), checkDisk(place), checkClock(place)])
}

/** The state directory, or before it exists the folder it will be made in. */
async function nearestFolder(state: string): Promise<[place: string, there: boolean]> {
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

async function checkDisk(place: string): Promise<Check> {
  const { bavail, bsize, files, ffree } = await statfs(place)
  const free = bavail * bsize
  const text = `${(free / GIB).toFixed(1)} GiB free`
  const remedy = `Free some space on the disk of ${place}: builds and their results are kept there`
  if (free < GIB / 4) return fail('disk', text, remedy)
  if (files > 0 && ffree < 10_000) return fail('disk', `${ffree} files left (inodes)`, remedy)
  return free < 2 * GIB ? warn('disk', text, remedy) : ok('disk', text)
}

/** A clock far off breaks certificates and makes every time on the screen a riddle. The disk's is asked too: it may be another machine's. */
async function checkClock(place: string): Promise<Check> {
  const remedy = 'Set the clock: timedatectl set-ntp true'
  const year = new Date().getUTCFullYear()
  if (year < 2025 || year > 2100) return fail('clock', `the year seems to be ${year}`, remedy)
  try {
    const probe = await mkdtemp(join(place, '.trimtab-doctor-'))
    const { mtimeMs } = await stat(probe)
    await rm(probe, { recursive: true })
    const off = Math.round(Math.abs(Date.now() - mtimeMs) / 1000)
    if (off > 5) return warn('clock', `differs from the disk's by ${off} s`, remedy)
  } catch {
    // A folder that cannot be written to has a line of its own.
  }
  return ok('clock', new Date().toISOString())
}
