/** Text from elsewhere (commit messages, logs, names, forges' answers), made fit for a terminal, a mail or a forge. Pure. */

// Escape sequences of a terminal, after ECMA-48, sections 5.4 to 5.6. C1 controls (0x80-0x9f) are the one-byte forms.
const ESC = '\\u001b'
/** OSC, DCS, APC, PM, SOS: text up to BEL or ST; an unended one goes to the end of its line. */
const TEXT = `(?:${ESC}[\\]P_^X]|[\\u0090\\u0098\\u009d-\\u009f])[^\\u0007\\u009c\\n${ESC}]*(?:\\u0007|\\u009c|${ESC}\\\\)?`
/** Colours, cursor movements and the like, with their parameters. */
const CSI = `(?:${ESC}\\[|\\u009b)[0-?]*[ -/]*[@-~]?`
const OTHER = `${ESC}[ -/]*[0-~]?`
const SEQUENCES = new RegExp(`${TEXT}|${CSI}|${OTHER}`, 'g')
/** What is left of controls but tab and newline, halves of characters, and characters that turn the direction of text around. */
const CONTROLS = /(?![\t\n])\p{Cc}|\p{Cs}|[\u202a-\u202e\u2066-\u2069\u2028\u2029]/gu

/** Without anything that moves a cursor, colours, beeps or renames a window. Newlines and tabs stay. */
export function printable(text: string): string {
  return text.replace(SEQUENCES, '').replace(/\r\n/g, '\n').replace(CONTROLS, '')
}

/** Printable, and on one line, without tabs: fit for a cell of a table. */
export function oneLine(text: string): string {
  return printable(text)
    .replace(/\s*[\n\t]\s*/g, ' ')
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

/** `a, b, c`; of more than `most` the first so many, and `…`. */
export function listed(names: readonly string[], most: number): string {
  return names.length > most ? `${names.slice(0, most).join(', ')}, …` : names.join(', ')
}

/** Every line behind two blanks. */
export function indent(text: string): string {
  return text.replace(/\n+$/, '').replace(/^(?=.)/gm, '  ')
}

/** As git shows it; '-' for none. */
export const shortCommit = (commit: string | null): string => (commit === null ? '-' : oneLine(commit).slice(0, 7))
