/** The clock: far off, it breaks certificates and makes every time on the screen a riddle. */
import { execFile } from 'node:child_process'
import { mkdtemp, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { type Check, fail, ok, warn } from './check.ts'
import { nearestFolder } from './place.ts'

const NAME = 'clock'
const REMEDY = 'Set the clock: timedatectl set-ntp true (apt-get install systemd-timesyncd)'

export async function checkClock(state: string): Promise<Check[]> {
  const year = new Date().getUTCFullYear()
  if (year < 2025 || year > 2100) return [fail(NAME, `the year seems to be ${year}`, REMEDY)]
  const off = await secondsOff((await nearestFolder(state))[0])
  if (off > 5) return [warn(NAME, `differs from the disk's by ${off} s`, REMEDY)]
  const now = new Date().toISOString()
  const synchronised = await ntpSynchronised()
  if (synchronised === false) return [warn(NAME, `${now}, synchronised with nothing`, REMEDY)]
  return [ok(NAME, `${now}, ${synchronised ? 'synchronised' : 'whether it is synchronised is not to be seen from here'}`)]
}

/** From the clock of the disk, which may be another machine's. */
async function secondsOff(place: string): Promise<number> {
  try {
    const probe = await mkdtemp(join(place, '.trimtab-doctor-'))
    const { mtimeMs } = await stat(probe)
    await rm(probe, { recursive: true })
    return Math.round(Math.abs(Date.now() - mtimeMs) / 1000)
  } catch {
    // A folder that cannot be written to has a line of its own.
    return 0
  }
}

/** What systemd says of the kernel's clock; null where it is not there to be asked. */
async function ntpSynchronised(): Promise<boolean | null> {
  try {
    const args = ['show', '--property=NTPSynchronized', '--value']
    const { stdout } = await promisify(execFile)('timedatectl', args, { timeout: 3_000, killSignal: 'SIGKILL' })
    return { yes: true, no: false }[stdout.trim()] ?? null
  } catch {
    return null
  }
}
