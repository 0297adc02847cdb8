/** Text of apps and commits, made fit to be shown elsewhere. */

// Escape sequences of a terminal: ECMA-48, sections 5.4 to 5.6.
const ESC = '\\u001b'
const SEQUENCES = new RegExp(
  `${ESC}[\\]P_^X][^\\u0007${ESC}\\n]*(?:\\u0007|${ESC}\\\\)?|${ESC}\\[[0-?]*[ -/]*[@-~]?|${ESC}[ -/]*[0-~]?`,
  'g',
)
/** What is left of controls, halves of characters, and characters that turn the direction of text around. */
const CONTROLS = /(?![\t\n])\p{Cc}|\p{Cs}|[\u202a-\u202e\u2066-\u2069\u2028\u2029]/gu

/** Without colours, cursor movements and the like; newlines and tabs stay. */
export function clean(text: string): string {
  return text.replace(SEQUENCES, '').replace(/\r\n/g, '\n').replace(CONTROLS, '')
}

export function oneLine(text: string): string {
  return clean(text)
    .replace(/\s*\n\s*/g, ' ')
    .trim()
}

/** The first `max` characters (UTF-16 units), the last of them '…' where there was more. */
export function beginning(text: string, max: number): string {
  return text.length <= max ? text : `${whole(text.slice(0, max - 1))}…`
}

/** The last `max`, from the beginning of a line where that can be. */
export function ending(text: string, max: number): string {
  if (text.length <= max) return text
  const rest = text.slice(text.length - max + 2)
  const line = rest.indexOf('\n')
  return `…\n${whole(line === -1 ? rest : rest.slice(line + 1))}`
}

/** Without the half of a character that a cut may leave. */
const whole = (text: string): string => text.replace(/\p{Cs}/gu, '')

export const short = (commit: string): string => commit.slice(0, 7)
