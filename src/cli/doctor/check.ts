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

/** Nothing that is looked at may keep the others waiting. */
const LONGEST_MS = 10_000

/** What `work` finds, or a line that says that it found nothing in time. */
export async function inTime(name: string, work: Promise<Check[]>, limitMs = LONGEST_MS): Promise<Check[]> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<Check[]>((resolve) => {
    const line = warn(
      name,
      `could not be looked at within ${limitMs / 1000} s`,
      'Look at what is slow, and run trimtab doctor again',
    )
    timer = setTimeout(() => resolve([line]), limitMs)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}
