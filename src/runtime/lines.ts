/** Output as lines: whatever bytes an app writes, what comes out is bounded and safe to show in a terminal. */

/** Longer lines are cut here. */
export const LINE_LIMIT = 64 * 1024

const NEWLINE = 10
const RETURN = 13

/**
 * One line as it would look in a terminal: of what was overwritten by a carriage return (a progress bar) only the last state,
 * colours kept, every other control character made visible as U+FFFD, invalid UTF-8 too.
 */
export function cleanLine(bytes: Buffer): string {
  let end = bytes.length
  while (end > 0 && bytes[end - 1] === RETURN) end--
  const begin = bytes.lastIndexOf(RETURN, end - 1) + 1
  const line = end === 0 ? bytes.subarray(0, 0) : bytes.subarray(begin, end)
  const text = line.length > LINE_LIMIT ? `${line.toString('utf8', 0, LINE_LIMIT)}… (cut)` : line.toString()
  return CONTROL.test(text) ? text.replace(CONTROLS, (found) => (found.length > 1 ? found : '\uFFFD')) : text
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this is about
const CONTROL = /[\0-\x08\x0b-\x1f\x7f-\x9f]/
// A colour (ECMA-48, SGR) is matched whole and kept; anything else that a terminal would obey is not.
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this is about
const CONTROLS = /\x1b\[[0-9;]*m|[\0-\x08\x0b-\x1f\x7f-\x9f]/g

/** The lines in these bytes, a last one without its newline included. */
export function linesOf(bytes: Buffer): string[] {
  const splitter = createSplitter()
  return [...splitter.push(bytes), ...splitter.rest()]
}

export interface Splitter {
  /** The lines that are complete now. */
  push(chunk: Buffer): string[]
  /** What came after the last newline. */
  rest(): string[]
}

export function createSplitter(): Splitter {
  let pending: Buffer = Buffer.alloc(0)

  function hold(bytes: Buffer): void {
    pending = pending.length === 0 ? bytes : Buffer.concat([pending, bytes])
    if (pending.length <= LINE_LIMIT) return
    // A progress bar without an end: only its last state counts. Anything else that long keeps its beginning.
    const last = pending.lastIndexOf(RETURN, pending.length - 2)
    if (last !== -1) pending = pending.subarray(last)
    pending = Buffer.from(pending.subarray(0, LINE_LIMIT + 1))
  }

  return {
    push(chunk) {
      const lines: string[] = []
      let from = 0
      for (let at = chunk.indexOf(NEWLINE); at !== -1; at = chunk.indexOf(NEWLINE, from)) {
        hold(chunk.subarray(from, at))
        lines.push(cleanLine(pending))
        pending = Buffer.alloc(0)
        from = at + 1
      }
      if (from < chunk.length) hold(Buffer.from(chunk.subarray(from)))
      return lines
    },
    rest() {
      const lines = pending.length > 0 ? [cleanLine(pending)] : []
      pending = Buffer.alloc(0)
      return lines
    },
  }
}
