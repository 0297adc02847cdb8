/** JSON schemas of what the API takes and gives: fastify checks the first, the OpenAPI page shows both. */

export interface JsonSchema {
  type?: string | string[]
  description?: string
  enum?: readonly (string | null)[]
  default?: unknown
  minLength?: number
  maxLength?: number
  pattern?: string
  minimum?: number
  maximum?: number
  properties?: Record<string, JsonSchema>
  required?: readonly string[]
  additionalProperties?: boolean
  items?: JsonSchema
  anyOf?: JsonSchema[]
}

/** All properties are required unless named in `optional`; others are refused. */
export function object(properties: Record<string, JsonSchema>, optional: readonly string[] = []): JsonSchema {
  const required = Object.keys(properties).filter((name) => !optional.includes(name))
  return { type: 'object', properties, required, additionalProperties: false }
}

/** An answer: fields may be added later, so others are not excluded. */
function answer(properties: Record<string, JsonSchema>, optional: readonly string[] = []): JsonSchema {
  return { type: 'object', properties, required: Object.keys(properties).filter((name) => !optional.includes(name)) }
}

const text: JsonSchema = { type: 'string' }
const number: JsonSchema = { type: 'integer' }
const textOrNull: JsonSchema = { type: ['string', 'null'] }
const numberOrNull: JsonSchema = { type: ['integer', 'null'] }
const time: JsonSchema = { type: 'string', description: 'ISO 8601, UTC' }

export const listOf = (items: JsonSchema): JsonSchema => ({ type: 'array', items })
const orNull = (schema: JsonSchema): JsonSchema => ({ anyOf: [schema, { type: 'null' }] })

// ── What is asked ──────────────────────────────────────────────────────────────────────────────────────────

export const appName: JsonSchema = { type: 'string', minLength: 1, maxLength: 100, description: 'Name of an app' }
export const flag: JsonSchema = { type: 'boolean', default: false }
export const count = (byDefault: number): JsonSchema => ({ type: 'integer', minimum: 0, maximum: 100_000, default: byDefault })
export const fileName: JsonSchema = {
  type: 'string',
  pattern: '^[A-Za-z0-9][A-Za-z0-9._+-]{0,127}$',
  description: 'Name of a file',
}
export const hashStart: JsonSchema = { type: 'string', pattern: '^[0-9a-f]{6,64}$', description: 'Beginning of a SHA-256' }
export const who: JsonSchema = { type: 'string', minLength: 1, maxLength: 100, description: 'Name of who asks for it' }
export const reason: JsonSchema = { type: 'string', maxLength: 300, description: 'Why, for whoever looks at it' }
export const oneApp = object({ app: appName })
export const maybeApp = object({ app: appName }, ['app'])

// ── What is answered ───────────────────────────────────────────────────────────────────────────────────────

export const version = answer({ version: text, pid: number, state: text, runtime: text, router: text, startedAt: time })

export const lists = answer({
  refused: textOrNull,
  fleets: listOf(
    answer({
      fleet: text,
      commit: textOrNull,
      since: { type: ['string', 'null'], description: 'ISO 8601, UTC' },
      apps: listOf(text),
      failure: orNull(answer({ code: text, message: text })),
    }),
  ),
  orphans: listOf(answer({ app: text, releases: number, lastAt: time })),
})

export const appStatus = answer(
  {
    app: text,
    status: { type: 'string', enum: ['Pending', 'Building', 'Deploying', 'Live', 'Failed', 'Suspended'] },
    desired: answer({ commit: textOrNull }),
    serving: orNull(answer({ commit: text, release: number, since: time })),
    failure: orNull(answer({ commit: textOrNull, code: text, message: text })),
    urls: listOf(text),
    processes: listOf(answer({ type: text, want: number, ready: number })),
    message: text,
    suspended: {
      type: 'object',
      description: 'Only where no commit is deployed: by whom (a person, or app.yaml at a commit), since when, and why',
      properties: { by: text, since: time, reason: text },
      required: ['by', 'since'],
    },
    down: { ...answer({ since: time }), description: 'Only where somebody stopped it' },
    held: {
      ...answer({ commit: text, for: { type: 'string', enum: ['dependencies', 'window'] }, until: textOrNull }),
      description: 'Only where the newest commit waits by itself, for other apps or a deploy window',
    },
    reports: {
      ...answer({ waiting: number, dropped: number, lastError: text }),
      description: 'Only where something of it could not be told to a forge, or to somebody who is notified',
    },
    preview: { ...answer({ of: text, number }), description: 'Only of a preview: the app, and the pull request of it' },
  },
  ['suspended', 'down', 'held', 'reports', 'preview'],
)

export const release = answer({
  app: text,
  version: number,
  commit: text,
  image: { type: 'string', description: "The build's key: equal for equal inputs" },
  built: { type: 'boolean', description: 'false: the image was there already' },
  createdAt: time,
  createdBy: text,
  status: { type: 'string', enum: ['pending', 'live', 'superseded', 'failed'] },
  materials: {
    ...orNull({
      type: 'object',
      properties: {
        packs: listOf({
          type: 'object',
          properties: { name: text, detected: text, commit: text },
          required: ['name', 'detected'],
        }),
        versions: { type: 'object', description: 'What was installed: {"node": "20.11.1"}' },
        stack: text,
        reference: text,
        digest: text,
      },
      required: ['packs', 'versions'],
    }),
    description: 'What went into the image; null where it does not say',
  },
})

export const event = answer({
  id: number,
  at: time,
  app: { type: 'string', description: 'Empty for what concerns the whole platform' },
  type: text,
  commit: textOrNull,
  release: numberOrNull,
  message: text,
  durationMs: numberOrNull,
})

export const plan = answer({
  app: text,
  actions: listOf(answer({ action: text, target: text, reason: text })),
  waiting: listOf(text),
})
export const artifact = answer({ sha256: text, name: text, size: number, storedAt: time })
export const webhook = answer({
  name: text,
  url: { type: 'string', description: 'Where deliveries go to' },
  isPublic: { type: 'boolean', description: 'False: hooks.url is not set, so this is the address of the listener' },
  secret: textOrNull,
  forge: { type: ['string', 'null'], enum: ['github', 'gitea', 'forgejo', 'gitlab', 'bitbucket', null] },
  previews: { type: 'boolean', description: 'Pull requests are to be announced too' },
  installable: { type: 'boolean' },
})
export const webhookAddress = answer({ repository: text, url: text, apps: listOf(text), lists: number })
export const installedWebhook = answer({ url: text, done: { type: 'string', enum: ['made', 'updated'] } })
export const logLine = answer({ at: textOrNull, instance: text, line: text })
export const textLine = answer({ text })
export const syncUpdate: JsonSchema = {
  anyOf: [
    answer({ kind: { type: 'string', enum: ['log'] }, text }),
    answer({ kind: { type: 'string', enum: ['event'] }, event }),
    answer({ kind: { type: 'string', enum: ['result'] }, ok: { type: 'boolean' }, app: text, status: appStatus }),
  ],
}
export const ok = answer({ ok: { type: 'boolean' } })
export const failure = answer({ error: answer({ code: text, message: text }) })
