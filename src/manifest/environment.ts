/** Environments: what may stand in a file, and the text that a process gets. */
import { z } from 'zod'
import { pathKey } from './tree.ts'
import { LATER } from './values.ts'
import type { YamlFile } from './yaml.ts'

/** What the platform itself gives every process. */
const RESERVED = ['PORT', 'PROCESS', 'INSTANCE', 'SOURCE_VERSION', 'RELEASE_VERSION', 'APP_NAME']
const ENV_NAME = new RegExp(`^(?!(?:${RESERVED.join('|')})$)[A-Za-z_][A-Za-z0-9_]{0,255}$`)

/** Names and values of an environment, in both files. asWritten() makes text of it. */
export function environment() {
  const name = z.string().regex(ENV_NAME, {
    error: ({ input }) =>
      RESERVED.includes(String(input)) ? 'is set by the platform; take another name' : 'expected a name of letters, digits and _',
  })
  const expected = 'expected text, a number, true or false'
  const noNul = z.string().refine((value) => !value.includes('\0'), { error: 'holds a NUL character, which no environment can' })
  const value = z.union([noNul, z.number(), z.boolean()], { error: ({ input }) => explainValue(input, expected) })
  return z.record(name, value, { error: 'expected a mapping of names to values' })
}

function explainValue(input: unknown, expected: string): string {
  if (typeof input !== 'object' || input === null) return expected
  if ('secret' in input || 'sealed' in input) return `secrets are ${LATER}`
  return expected
}

/**
 * A number or boolean becomes the text that is written in the file: `VERSION: 1.10` is "1.10" and not "1.1",
 * and a long identifier keeps all its digits. `path` is where the mapping stands.
 */
export function asWritten(
  env: Record<string, string | number | boolean> | undefined,
  file: YamlFile,
  path: readonly string[],
): Record<string, string> {
  const texts: Record<string, string> = {}
  for (const [name, value] of Object.entries(env ?? {})) {
    texts[name] = typeof value === 'string' ? value : file.places.get(pathKey([...path, name]))?.source() || String(value)
  }
  return texts
}
