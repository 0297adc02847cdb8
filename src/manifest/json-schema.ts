/** The JSON Schema with which editors complete and check app.yaml. */
import { z } from 'zod'
import { appSchema } from './schema.ts'

/** Of app.yaml; committed as docs/app.schema.json. */
export function appJsonSchema(): object {
  return editorSchema(appSchema, 'app.yaml', 'What a commit says about how trimtab builds and runs it. Everything is optional.')
}

/** Draft 7, which every editor's YAML support knows. Keys not available yet can hold no value; `x-` keys are free everywhere. */
export function editorSchema(schema: z.ZodType, title: string, description: string): object {
  const { $schema, ...rest } = z.toJSONSchema(schema, {
    target: 'draft-7',
    io: 'input',
    override: ({ jsonSchema }) => {
      const names = jsonSchema.propertyNames
      if (typeof names === 'object' && names.pattern !== undefined && jsonSchema.additionalProperties !== undefined) {
        jsonSchema.patternProperties = { [names.pattern]: jsonSchema.additionalProperties, '^x-': {} }
        jsonSchema.additionalProperties = false
        delete jsonSchema.propertyNames
      } else if (jsonSchema.additionalProperties === false && jsonSchema.patternProperties === undefined) {
        jsonSchema.patternProperties = { '^x-': {} }
      }
    },
  })
  return { $schema, title, description, ...rest }
}
