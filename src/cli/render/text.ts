/** Text from elsewhere (commit messages, logs, names) made safe for a terminal. Pure. */

// Escape sequences of a terminal, after ECMA-48, sections 5.4 to 5.6. C1 controls (0x80-0x9f) are the one-byte forms.
const ESC = '\\u001b'
/** OSC, DCS, APC, PM, SOS: text up to BEL or ST; an unended one goes to the end of its line. */
const TEXT = `(?:${ESC}[\\]P_^X]|[\\u0090\\u0098\\u009d-\\u009f])[^\\u0007\\u009c\\n${ESC}]*(?:\\u0007|\\u009c|${ESC}\\\\)?`
/** Colours, cursor movements and the like, with their parameters. */
const CSI = `(?:${ESC}\\[|\\u009b)[0-?]*[ -/]*[@-~]?`
const OTHER = `${ESC}[ -/]*[0-~]?`
const SEQUENCES = new RegExp(`${TEXT}|${CSI}|${OTHER}`, 'g')
/** What is left of controls but tab and newline, and characters that turn the direction of text around. */
const CONTROLS = /(?![\t\n])\p{Cc}|[\u202a-\u202e\u2066-\u2069]/gu

/** Without anything that moves a cursor, colours, beeps or renames a window. Newlines and tabs stay. */
export function printable(text: string): string {
  return text.replace(SEQUENCES, '').replace(/\r\n/g, '\n').replace(CONTROLS, '')
}

/** Printable, and on one line. */
export function oneLine(text: string): string {
  return printable(text)
    .replace(/\s*\n\s*/g, ' ')
    .trim()
}

/** Every line behind two blanks. */
export function indent(text: string): string {
  return text.replace(/\n+$/, '').replace(/^(?=.)/gm, '  ')
}

export const shortCommit = (commit: string | null): string => (commit === null ? '-' : oneLine(commit).slice(0, 7))
