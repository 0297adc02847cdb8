import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'

/** What a file brings in at its start: its static imports that are not of types alone, all the way down. */
function loaded(file: string, seen = new Set<string>()): Set<string> {
  if (seen.has(file)) return seen
  seen.add(file)
  const text = readFileSync(file, 'utf8')
  for (const [, clause = '', from = ''] of text.matchAll(/^(?:import|export)\s+(?:([^'";]*?)\s+from\s+)?'([^']+)'/gm)) {
    if (/^type\b/.test(clause) || /^\{(\s*type\s+[^,}]+,?)+\s*\}$/.test(clause)) continue
    if (from.startsWith('.')) loaded(resolve(dirname(file), from), seen)
    else seen.add(from)
  }
  return seen
}

const source = (path: string) => fileURLToPath(new URL(`../../src/${path}`, import.meta.url))
const packages = (file: string) => [...loaded(source(file))].filter((name) => !name.startsWith('/') && !name.startsWith('node:'))

it('loads commander and nothing else before a command runs', () => {
  expect(packages('cli/main.ts')).toEqual(['commander'])
})

it('asks the platform without any package', () => {
  expect(packages('http/client.ts')).toEqual([])
})
