/** One line of `trimtab doctor`. */
export interface Check {
  name: string
  level: 'ok' | 'warn' | 'fail'
  message: string
  /** What to do about it. */
  remedy?: string
}

export const ok = (name: string, message: string): Check => ({ name, level: 'ok', message })
export const warn = (name: string, message: string, remedy: string): Check => ({ name, level: 'warn', message, remedy })
export const fail = (name: string, message: string, remedy: string): Check => ({ name, level: 'fail', message, remedy })
