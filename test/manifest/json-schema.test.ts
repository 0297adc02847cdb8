import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { platformJsonSchema } from '../../src/config/json-schema.ts'
import { appJsonSchema } from '../../src/manifest/json-schema.ts'

it.each([
  ['app', appJsonSchema()],
  ['platform', platformJsonSchema()],
])('docs/%s.schema.json is what the parser takes (npm run build writes it)', (name, schema) => {
  const committed: unknown = JSON.parse(readFileSync(new URL(`../../docs/${name}.schema.json`, import.meta.url), 'utf8'))
  expect(committed).toStrictEqual(JSON.parse(JSON.stringify(schema)))
})

it('accepts nothing under a key that is not available yet, anything under x-, and no other key', () => {
  expect(appJsonSchema()).toMatchObject({
    additionalProperties: false,
    patternProperties: { '^x-': {} },
    properties: { cron: { not: {} }, build: { additionalProperties: false } },
  })
})

it('has patterns that say the same to an editor, which knows no flags', () => {
  const text = JSON.stringify([appJsonSchema(), platformJsonSchema()])
  const sizes = new Set(
    [...text.matchAll(/"pattern":("[^"]*kmgt[^"]*")/g)].map(([, pattern = '']) => String(JSON.parse(pattern))),
  )
  expect([...sizes].map((pattern) => new RegExp(pattern).test('512M'))).toStrictEqual([true])
})
