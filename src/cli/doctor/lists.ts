/** The lists of apps in git, as `up` has them in force; and what is left of apps that nobody declares any more. */
import type { Control } from '../../ports.ts'
import { shortCommit } from '../../text.ts'
import type { Context } from '../context.ts'
import { type Check, ok, warn } from './check.ts'

type Lists = Pick<Awaited<ReturnType<Control['lists']>>, 'fleets' | 'orphans'>

export async function checkLists(context: Context): Promise<Check[]> {
  let lists: Lists
  try {
    lists = await (await context.client()).lists()
  } catch {
    // Whether `up` runs and answers is told elsewhere.
    return []
  }
  return checksOf(lists)
}

export function checksOf({ fleets, orphans }: Lists): Check[] {
  const lists = fleets.map(({ fleet, commit, apps, failure }) => {
    const inForce = `${apps.length} ${apps.length === 1 ? 'app' : 'apps'}${commit === null ? '' : ` at ${shortCommit(commit)}`}`
    if (failure === null) return ok('fleet', `${fleet}: ${inForce}`)
    const remedy = commit === null ? 'Until it can be read, nothing is taken away' : `In force is what was read last: ${inForce}`
    return warn('fleet', `${fleet}: ${failure.message}`, remedy)
  })
  if (orphans.length === 0) return lists
  const named = orphans.map(({ app, releases }) => `${app} (${releases})`).join(', ')
  return [...lists, ok('orphans', `nobody declares these apps any more; their releases and events are kept: ${named}`)]
}
