/** The JSON Schema with which editors complete and check a fleet's file. */
import { editorSchema } from '../manifest/json-schema.ts'
import { fleetSchema } from './schema.ts'

/** Of apps.yaml; committed as docs/fleet.schema.json. */
export function fleetJsonSchema(): object {
  return editorSchema(fleetSchema, 'apps.yaml', 'A list of apps in git, as `fleet:` of platform.yaml names it.')
}
