/** Files that open something: nobody but the user who runs trimtab is to read them. */
import { readFileSync, type Stats, statSync } from 'node:fs'

/** Why a private key's file is not used, in plain words and with what to do; null: it may be. Never holds anything of its content. */
export function keyProblem(path: string): string | null {
  let stat: Stats
  try {
    stat = statSync(path)
    if (!stat.isFile()) return `the key ${path} is no file.`
    readFileSync(path).fill(0)
  } catch (thrown) {
    const { code } = thrown as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') return `the key ${path} is not there.`
    return `the key ${path} cannot be read (${code}): the user who runs trimtab has to be able to.`
  }
  // As ssh has it for a file of one's own; one of another user may be readable by a group, as secrets are often mounted.
  const others = stat.uid === process.getuid?.() ? 0o077 : 0o007
  return (stat.mode & others) === 0
    ? null
    : `others can read the key ${path} (mode ${(stat.mode & 0o777).toString(8)}). Take that away: chmod 600 '${path}'.`
}
