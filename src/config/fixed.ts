/** What of platform.yaml cannot change under a running trimtab. */
import type { PlatformSpec } from '../domain.ts'

/** Keys that are read once, when trimtab starts; the others are taken over while it runs. */
export function fixedUntilRestart(now: PlatformSpec, next: PlatformSpec): string[] {
  const keys = ['state', 'http', 'runtime', 'router'] as const
  return keys
    .filter((key) => JSON.stringify(now[key]) !== JSON.stringify(next[key]))
    .map((key) => `${key}: the change takes effect when trimtab is started again.`)
}
