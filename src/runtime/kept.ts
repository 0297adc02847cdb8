/** Which logs of instances that are no more are kept, and for how long. */
import { readdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { isPlain } from './names.ts'

/** Per app. */
const KEPT = 20
const KEPT_MS = 7 * 24 * 3_600_000

/** Deletes the oldest of one app's logs in `dir`; gives the names. `isLive`: whether an instance of this name is there. */
export function pruneLogs(dir: string, isLive: (name: string) => boolean, now: number): string[] {
  const files = list(dir)
  const newest = new Map<string, number>()
  for (const file of files) {
    const name = file.replace(/\.log(\.\w+)?$/, '')
    newest.set(name, Math.max(newest.get(name) ?? 0, statSync(join(dir, file), { throwIfNoEntry: false })?.mtimeMs ?? 0))
  }
  const gone = [...newest].filter(([name]) => !isLive(name)).sort(([, a], [, b]) => b - a)
  const old = gone.filter(([, at], index) => index >= KEPT || now - at > KEPT_MS).map(([name]) => name)
  for (const file of files) {
    if (old.includes(file.replace(/\.log(\.\w+)?$/, ''))) rmSync(join(dir, file), { force: true })
  }
  return old
}

function list(dir: string): string[] {
  try {
    return readdirSync(dir).filter(isPlain)
  } catch {
    return []
  }
}
