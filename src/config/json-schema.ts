/** The JSON Schema with which editors complete and check platform.yaml. */
import { editorSchema } from '../manifest/json-schema.ts'
import { platformSchema } from './schema.ts'

/** Of platform.yaml; committed as docs/platform.schema.json. */
export function platformJsonSchema(): object {
  return editorSchema(
    platformSchema,
    'platform.yaml',
    `The operator's file. \${NAME} stands for an environment variable; write $\${ for a plain \${.`,
  )
}
