// What a request asks of an answer: only if it has changed, only a part, in which encoding (RFC 9110, sections 12 to 14). Pure.

/** Whether the one who asks has it already. Dates count only where no tags are given. */
export function isUnchanged(headers, tag, modified) {
  const tags = headers['if-none-match']
  if (tags !== undefined) return tags === '*' || tags.split(',').some((one) => one.trim().replace(/^W\//, '') === tag)
  const since = Date.parse(headers['if-modified-since'] ?? '')
  return !Number.isNaN(since) && since >= modified
}

/** One range; several, or one that makes no sense, are answered with the whole. 'none': not satisfiable. */
export function rangeOf(headers, size, tag, modified) {
  const condition = headers['if-range']
  if (condition !== undefined && condition !== tag && Date.parse(condition) !== modified) return null
  const match = /^bytes=(\d*)-(\d*)$/.exec(headers.range ?? '')
  if (match === null || (match[1] === '' && match[2] === '')) return null
  const start = match[1] === '' ? Math.max(0, size - Number(match[2])) : Number(match[1])
  const end = match[1] === '' || match[2] === '' ? size - 1 : Math.min(Number(match[2]), size - 1)
  if (match[1] !== '' && match[2] !== '' && Number(match[2]) < start) return null
  return start >= size || (match[1] === '' && Number(match[2]) === 0) ? 'none' : { start, end }
}

/** Of these encodings (the better ones first) the one that is most welcome; null: as it is. */
export function encodingOf(header, available) {
  if (header === undefined || available.length === 0) return null
  const weights = new Map()
  for (const part of header.toLowerCase().split(',')) {
    const [name = '', ...parameters] = part.split(';').map((text) => text.trim())
    const q = parameters.map((text) => /^q=([\d.]+)$/.exec(text)?.[1]).find((text) => text !== undefined)
    weights.set(name, q === undefined ? 1 : Number(q))
  }
  const weigh = (name) => weights.get(name) ?? weights.get('*') ?? 0
  let best = null
  for (const name of available) if (weigh(name) > (best === null ? 0 : weigh(best))) best = name
  // Who would rather have it as it is says so: identity is welcome at 1 only where it is named.
  return best !== null && (weights.get('identity') ?? 0) > weigh(best) ? null : best
}
