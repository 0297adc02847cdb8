// Writes the JSON Schemas that editors use, from the schemas that the parsers use. Runs after tsc.
import { writeFileSync } from 'node:fs'
import { platformJsonSchema } from '../dist/config/json-schema.js'
import { fleetJsonSchema } from '../dist/fleet/json-schema.js'
import { appJsonSchema } from '../dist/manifest/json-schema.js'

for (const [name, schema] of [
  ['app', appJsonSchema()],
  ['fleet', fleetJsonSchema()],
  ['platform', platformJsonSchema()],
]) {
  writeFileSync(new URL(`../docs/${name}.schema.json`, import.meta.url), `${JSON.stringify(schema, null, 2)}\n`)
}
