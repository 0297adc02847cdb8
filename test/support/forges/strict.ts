/** What the fakes check a body with: the keys that an API's description has, with their kinds, and nothing else. */

type Kind = 'string' | 'boolean' | 'number' | 'object' | 'strings'

export interface Shape {
  needs?: Record<string, Kind>
  may?: Record<string, Kind>
}

/** Everything that is wrong with it, in words; [] where nothing is. */
export function wrong(body: Record<string, unknown> | null, { needs = {}, may = {} }: Shape): string[] {
  if (body === null) return ['body is no JSON object']
  const known: Record<string, Kind> = { ...needs, ...may }
  const missing = Object.keys(needs).filter((key) => body[key] === undefined)
  const others = Object.keys(body).filter((key) => known[key] === undefined)
  const mistyped = Object.entries(body).filter(([key, value]) => known[key] !== undefined && !isOf(known[key], value))
  return [
    ...missing.map((key) => `${key} is missing`),
    ...others.map((key) => `${key} is not a permitted key`),
    ...mistyped.map(([key]) => `${key} is not of the right type`),
  ]
}

function isOf(kind: Kind, value: unknown): boolean {
  if (kind === 'strings') return Array.isArray(value) && value.every((one) => typeof one === 'string')
  if (kind === 'object') return typeof value === 'object' && value !== null && !Array.isArray(value)
  return typeof value === kind
}

/** As Ruby, Python and Go's runes count: not in halves of a character. */
export const length = (text: unknown): number => [...String(text ?? '')].length

export const isLink = (value: unknown): boolean =>
  typeof value === 'string' && /^https?:\/\/\S+$/.test(value) && URL.canParse(value)

/** One page of a list by its number, with what a Link header says of those around it. */
export function pageOf<T>(
  all: T[],
  { page, size, at }: { page: number; size: number; at(page: number): string },
): { entries: T[]; headers: Record<string, string> } {
  const last = Math.max(1, Math.ceil(all.length / size))
  const links = [
    ...(page > 1 ? [`<${at(page - 1)}>; rel="prev"`, `<${at(1)}>; rel="first"`] : []),
    ...(page < last ? [`<${at(page + 1)}>; rel="next"`, `<${at(last)}>; rel="last"`] : []),
  ]
  return {
    entries: all.slice((page - 1) * size, page * size),
    headers: links.length > 0 ? { link: links.join(', ') } : {},
  }
}
