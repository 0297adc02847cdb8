/** What of its repository an app follows. Pure. */
import type { AppSpec } from '../domain.ts'

/** A branch (undefined: HEAD), the highest of some tags, or a ref by its full name. */
export type Follow = { branch: string | undefined } | { tag: string } | { ref: string }

export function followed({ ref, tag, branch }: AppSpec): Follow {
  if (ref !== undefined) return { ref }
  return tag !== undefined ? { tag } : { branch }
}

/** git-check-ref-format(1), for a branch's name. */
export function isBranchName(name: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: git forbids them
  if (name === '' || name === '@' || /[\u0000-\u0020\u007f~^:?*[\\]|\.\.|@\{|\/\/|\.$|^\/|\/$|^-/.test(name)) return false
  return name.split('/').every((part) => !part.startsWith('.') && !part.endsWith('.lock'))
}

/** Whether what is followed may be asked for at all. */
export function isAskable(follow: Follow): boolean {
  if ('tag' in follow) return true
  if ('ref' in follow) return follow.ref.startsWith('refs/') && isBranchName(follow.ref)
  return follow.branch === undefined || isBranchName(follow.branch)
}

/** Names what is followed in the mirror; the NUL keeps it apart from a branch of that name. */
export function keyOf(follow: Follow): string {
  if ('tag' in follow) return `\0tag ${follow.tag}`
  if ('ref' in follow) return `\0ref ${follow.ref}`
  return follow.branch ?? '\0HEAD'
}
