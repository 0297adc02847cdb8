import type { PlannedAction } from '../../ports.ts'
import { type Paint, plain } from './paint.ts'
import { table } from './table.ts'
import { indent, oneLine } from './text.ts'

/** What `trimtab plan` says: an app that has nothing to do is one line. */
export function renderPlan(plans: Array<{ app: string; actions: PlannedAction[] }>, paint: Paint = plain): string {
  if (plans.length === 0) return 'No apps yet: add one under `apps:` in platform.yaml.'
  return plans.map(({ app, actions }) => renderOne(oneLine(app), actions, paint)).join('\n')
}

function renderOne(app: string, actions: PlannedAction[], paint: Paint): string {
  if (actions.length === 0) return `${paint.bold(app)}: nothing to do`
  const rows = actions.map(({ action, target, reason }) => [{ text: action, style: paint.yellow }, target, reason])
  const lines = table(['ACTION', 'TARGET', 'REASON'], rows, paint.dim)
  return `${paint.bold(app)}: ${actions.length} ${actions.length === 1 ? 'step' : 'steps'}\n${indent(lines)}`
}
