import { type Limits, refused } from './entry.ts'

/** PATH_MAX and NAME_MAX of Linux, less what stands in front of it. */
const LONGEST_PATH = 3000
const LONGEST_NAME = 255

/** The folders and the name of an entry below the folder that it is unpacked into; [] is that folder itself. */
export function partsOf(name: string, { depth }: Pick<Limits, 'depth'>): string[] {
  if (hasControl(name)) throw refused('has a control character in its name', name)
  if (name.includes('\\')) throw refused('has a backslash in its name', name)
  if (name.startsWith('/') || /^[A-Za-z]:/.test(name)) throw refused('has an absolute path', name)
  const parts = name.split('/').filter((part) => part !== '' && part !== '.')
  if (parts.includes('..')) throw refused('leaves the folder that it is unpacked into', name)
  if (parts.length > depth) throw refused(`lies in more than ${depth} folders`, name)
  const isLong = Buffer.byteLength(name) > LONGEST_PATH || parts.some((part) => Buffer.byteLength(part) > LONGEST_NAME)
  if (isLong) throw refused('has a name that is too long', name)
  // What is no text would come out as another name.
  if (name.includes('\ufffd')) throw refused('has a name that is no UTF-8', name)
  return parts
}

/**
 * Checks a link's target, from the folder that the link lies in: so many steps up as there are folders, and then only down. A step up
 * behind a name is refused even where it seems to stay inside: the name may be a link.
 */
export function checkTarget(name: string, parts: string[], target: string): void {
  const leaves = () => refused(`is a link that leaves the folder that it is unpacked into`, name)
  if (target === '' || hasControl(target) || Buffer.byteLength(target) > LONGEST_PATH) throw refused('is a link to nothing', name)
  if (target.startsWith('/')) throw leaves()
  const steps = target.split('/').filter((part) => part !== '' && part !== '.')
  const up = steps.findIndex((step) => step !== '..')
  const ups = up === -1 ? steps.length : up
  if (ups > parts.length - 1 || steps.slice(ups).includes('..')) throw leaves()
}

function hasControl(text: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
  return /[\u0000-\u001f\u007f]/.test(text)
}
