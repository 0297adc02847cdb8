/** Small things that are worth remembering over a restart, a file each. Losing one is harmless. */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

export interface Memory {
  read(name: string): string | null
  write(name: string, value: string): void
}

export function createMemory(dir: string): Memory {
  const values = new Map<string, string>()
  return {
    read(name) {
      const known = values.get(name)
      if (known !== undefined) return known
      try {
        const value = readFileSync(join(dir, name), 'utf8').trim()
        values.set(name, value)
        return value
      } catch {
        return null
      }
    },
    write(name, value) {
      if (values.get(name) === value) return
      values.set(name, value)
      try {
        mkdirSync(dir, { recursive: true, mode: 0o700 })
        writeFileSync(join(dir, `${name}.tmp`), value)
        renameSync(join(dir, `${name}.tmp`), join(dir, name))
      } catch {
        // Only this process remembers it.
      }
    },
  }
}
