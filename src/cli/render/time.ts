/** Times and durations as people say them. Pure. */

/** `850ms`, `1.2s`, `3m 4s`, `2h 5m`. */
export function spoken(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)}ms`
  if (ms < 59_950) return `${(ms / 1000).toFixed(1)}s`
  const seconds = Math.round(ms / 1000)
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m ${seconds % 60}s`
  const minutes = Math.round(seconds / 60)
  return `${Math.floor(minutes / 60)}h ${minutes % 60}m`
}

/** `just now`, `42s ago`, `3m ago`, `5h ago`, `12d ago`. */
export function ago(then: string | number, now: number): string {
  const seconds = Math.floor((now - new Date(then).getTime()) / 1000)
  if (Number.isNaN(seconds)) return '-'
  if (seconds < 1) return 'just now'
  if (seconds < 60) return `${seconds}s ago`
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m ago`
  if (seconds < 48 * 3600) return `${Math.floor(seconds / 3600)}h ago`
  return `${Math.floor(seconds / 86_400)}d ago`
}

const two = (n: number) => String(n).padStart(2, '0')

/** `12:03:04`, in the machine's own time zone. */
export function clock(at: string | number): string {
  const date = new Date(at)
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`
}

/** `2026-01-02 12:03`, in the machine's own time zone. */
export function minute(at: string | number): string {
  const date = new Date(at)
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${two(date.getHours())}:${two(date.getMinutes())}`
}
