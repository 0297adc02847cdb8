/** The address, if it is one that a forge takes as a link; else nothing. */
export function link(url: string | undefined): string | undefined {
  return url !== undefined && /^https?:\/\/[^\s]+$/.test(url) ? url : undefined
}
