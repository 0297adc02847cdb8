/** What a builder image says of itself (buildpacks.io, Platform Interface Specification): pure. */
import { z } from 'zod'

/** Those of the lifecycle's interfaces that are spoken here, the newest first. */
const APIS = ['0.12', '0.11', '0.10', '0.9', '0.8', '0.7']

const APIS_LABEL = 'io.buildpacks.lifecycle.apis'
const METADATA_LABEL = 'io.buildpacks.builder.metadata'

const apis = z.object({ platform: z.object({ supported: z.array(z.string()).default([]) }) })
const metadata = z.object({
  stack: z.object({ runImage: z.object({ image: z.string() }) }).optional(),
  images: z.array(z.object({ image: z.string() })).optional(),
  lifecycle: z.object({ apis: apis.optional() }).optional(),
})

export interface Builder {
  /** CNB_PLATFORM_API. */
  api: string
  /** The image that apps run on; null where it does not say. */
  run: string | null
}

/** By its labels; null: it is none, or one of a kind that is not known here. */
export function builderOf(labels: Record<string, string> | null | undefined): Builder | null {
  const told = parsed(metadata, labels?.[METADATA_LABEL])
  const known = parsed(apis, labels?.[APIS_LABEL]) ?? told?.lifecycle?.apis
  const api = APIS.find((one) => known?.platform.supported.includes(one))
  if (!told || api === undefined) return null
  return { api, run: told.images?.[0]?.image ?? told.stack?.runImage.image ?? null }
}

function parsed<T>(schema: z.ZodType<T>, text: string | undefined): T | null {
  try {
    return schema.parse(JSON.parse(text ?? ''))
  } catch {
    return null
  }
}
