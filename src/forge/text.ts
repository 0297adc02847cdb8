/** Text on its way to a forge or from it. Pure. */

/** One line of at most `limit` characters, as the forges count them: what does not fit is cut, and the cut shows. */
export function oneLine(text: string, limit: number): string {
  // Control characters, and those that turn the direction of what follows them.
  const characters = [...text.replace(/[\p{Cc}\p{Zl}\p{Zp}\s]+/gu, ' ').replace(/[\p{Cf}\p{Cs}]/gu, '')]
  const line = characters.join('').trim()
  return [...line].length <= limit
    ? line
    : `${[...line]
        .slice(0, limit - 1)
        .join('')
        .trimEnd()}…`
}

/** The address, if it is one that a forge takes as a link; else nothing. */
export function link(url: string | undefined): string | undefined {
  return url !== undefined && /^https?:\/\/[^\s]+$/.test(url) ? url : undefined
}
