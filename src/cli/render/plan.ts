import type { PlannedApp } from '../../ports.ts'
import { indent, oneLine } from '../../text.ts'
import { type Paint, plain } from './paint.ts'
import { table } from './table.ts'

/** What `trimtab plan` says: an app that has nothing to do is one line. */
export function renderPlan(plans: PlannedApp[], paint: Paint = plain): string {
  if (plans.length === 0) return 'No apps yet: add one under `apps:` in platform.yaml.'
  return plans.map((plan) => renderOne(plan, paint)).join('\n')
}

function renderOne({ app: name, actions, waiting }: PlannedApp, paint: Paint): string {
  const app = oneLine(name)
  if (actions.length === 0 && waiting.length > 0) return `${paint.bold(app)}: waiting for ${oneLine(waiting.join('; '))}`
  if (actions.length === 0) return `${paint.bold(app)}: nothing to do`
  const rows = actions.map(({ action, target, reason }) => [{ text: action, style: paint.yellow }, target, reason])
  const lines = table(['ACTION', 'TARGET', 'REASON'], rows, paint.dim)
  return `${paint.bold(app)}: ${actions.length} ${actions.length === 1 ? 'step' : 'steps'}\n${indent(lines)}`
}
