/** The machine: its limits, and the user. */
import { readFile } from 'node:fs/promises'
import { type Check, ok, warn } from './check.ts'

export async function checkSystem({ containers }: { containers: boolean }): Promise<Check[]> {
  return [await checkWatches(), ...(containers ? [] : checkUser())]
}

/** Of inotify(7). Local repositories are watched; without, they are only polled. */
async function checkWatches(): Promise<Check> {
  const [watches, instances] = await Promise.all([limit('max_user_watches'), limit('max_user_instances')])
  if (watches === null || instances === null) return ok('file watching', process.platform)
  const text = `inotify: ${watches} watches, ${instances} instances`
  const remedy = 'sysctl fs.inotify.max_user_watches=65536 fs.inotify.max_user_instances=512'
  return watches < 8192 || instances < 64 ? warn('file watching', text, remedy) : ok('file watching', text)
}

async function limit(name: string): Promise<number | null> {
  try {
    return Number(await readFile(`/proc/sys/fs/inotify/${name}`, 'utf8'))
  } catch {
    return null
  }
}

function checkUser(): Check[] {
  if (process.getuid?.() !== 0) return []
  return [
    warn(
      'user',
      'this is root',
      "Run trimtab as a user of its own: on the process runtime, a repository's code has that user's rights",
    ),
  ]
}
