/** Names of those who are told: they tell them apart, and hold no secret. */
import { createHash } from 'node:crypto'
import type { NotifySpec } from '../domain.ts'

/** `slack hooks.slack.com 1f3a…`. The address is part of it only as a hash: whoever knows a Slack address may write there. */
export function targetOf(spec: NotifySpec): string {
  const address = spec.kind === 'email' ? [spec.server, spec.from, ...spec.to] : [spec.url]
  const hash = createHash('sha256').update(JSON.stringify(address)).digest('hex').slice(0, 8)
  return `${spec.kind} ${hostOf(spec)} ${hash}`
}

/** Host, and port where one is written. */
export function hostOf(spec: NotifySpec): string {
  return new URL(spec.kind === 'email' ? spec.server : spec.url).host
}

export function notifyOf(target: string, specs: NotifySpec[]): NotifySpec | null {
  return specs.find((spec) => targetOf(spec) === target) ?? null
}
