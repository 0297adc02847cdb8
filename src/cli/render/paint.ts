/** Colours, where there is a terminal that wants them. */

type Style = (text: string) => string

export interface Paint {
  bold: Style
  dim: Style
  red: Style
  green: Style
  yellow: Style
  blue: Style
}

const style =
  (on: number, off: number): Style =>
  (text) =>
    text === '' ? '' : `\u001b[${on}m${text}\u001b[${off}m`
const same: Style = (text) => text

export const plain: Paint = { bold: same, dim: same, red: same, green: same, yellow: same, blue: same }
export const coloured: Paint = {
  bold: style(1, 22),
  dim: style(2, 22),
  red: style(31, 39),
  green: style(32, 39),
  yellow: style(33, 39),
  blue: style(34, 39),
}

/** no-color.org: NO_COLOR, when present and not empty, whatever it holds. */
export function paintFor(terminal: boolean, env: NodeJS.ProcessEnv): Paint {
  const wanted = terminal && (env.NO_COLOR ?? '') === '' && env.TERM !== 'dumb'
  return wanted ? coloured : plain
}

/** The colour of a status, a release's status, or a check's level. */
export function toneOf(word: string, paint: Paint): Style {
  if (['Live', 'live', 'ok'].includes(word)) return paint.green
  if (['Failed', 'failed', 'fail'].includes(word)) return paint.red
  if (['Building', 'Deploying', 'Pending', 'pending', 'warn'].includes(word)) return paint.yellow
  return paint.dim
}
