import type { AppStatus } from '../../domain.ts'
import { oneLine } from '../../text.ts'
import { minute } from './time.ts'

/** `suspended by ana since 2026-01-02 03:04 (the sale is on)`. */
export function inWords({ by, since, reason }: NonNullable<AppStatus['suspended']>): string {
  return `suspended by ${oneLine(by)} since ${minute(since)}${reason === undefined ? '' : ` (${oneLine(reason)})`}`
}
