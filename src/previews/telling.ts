/** What is told of a change, on the app whose pull requests they are. */
import type { NewEvent, PreviewRecord } from '../ports.ts'
import type { Shown } from './app.ts'
import type { Choice } from './choose.ts'
import { previewName } from './name.ts'

/** Events in an order that reads well: who goes, who comes, who is refused; each refusal once for each reason. */
export function changesOf(
  app: string,
  before: PreviewRecord[],
  { shown, refused, closed }: Choice,
  describe: (one: Shown) => { name: string; url: string },
): NewEvent[] {
  const known = new Map(before.map((one) => [one.number, one]))
  const wasShown = (number: number) => known.get(number)?.state === 'shown'
  const gone = [...closed].map(([number, reason]): NewEvent => {
    const message = `pull request #${number}: ${reason}; ${previewName(app, number)} goes`
    return { app, type: 'PreviewClosed', commit: known.get(number)?.commit ?? null, message }
  })
  const opened = shown
    .filter(({ number }) => !wasShown(number))
    .map((one): NewEvent => {
      const { name, url } = describe(one)
      const fork = one.isFork ? '; it comes from a fork, so it gets no secrets and stays at this commit' : ''
      return { app, type: 'PreviewOpened', commit: one.commit, message: `pull request #${one.number}: ${name} at ${url}${fork}` }
    })
  // One that goes has just been told the reason.
  const turnedDown = [...refused]
    .filter(([number, reason]) => !closed.has(number) && known.get(number)?.reason !== reason)
    .map(([number, reason]): NewEvent => ({ app, type: 'PreviewRefused', message: `pull request #${number}: ${reason}` }))
  return [...gone, ...opened, ...turnedDown]
}
