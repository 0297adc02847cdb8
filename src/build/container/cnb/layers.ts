/** What buildpacks have left in the layers' folder, as far as an image and the next build need it. Pure. */
import { parse, stringify, TomlError } from 'smol-toml'
import { z } from 'zod'
import { TrimtabError } from '../../../errors.ts'

const types = z.object({ launch: z.boolean().default(false), cache: z.boolean().default(false) })
const layer = z.object({ types: types.optional(), metadata: z.record(z.string(), z.unknown()).optional() })
const group = z.object({ group: z.array(z.object({ id: z.string().max(200), version: z.string().max(200).default('') })) })
const processes = z.object({ processes: z.array(z.object({ type: z.string().regex(/^[A-Za-z0-9._-]{1,63}$/) })).default([]) })

/** In a buildpack's folder, but of no layer. */
const OTHERS = new Set(['launch', 'build', 'store'])

export interface Layers {
  /** Folders that are only for the build: `<buildpack>/<layer>`. */
  unneeded: string[]
  /** What the next build gets back: paths, with what their .toml is to say then. */
  cached: Array<{ path: string; toml: string }>
  packs: Array<{ name: string; detected: string }>
  /** Process types, the default one first. */
  processes: string[]
}

/** Of the .toml files below the layers' folder, by their path in it. Throws BuildFailed where one makes no sense. */
export function layersOf(files: Map<string, string>): Layers {
  const found: Layers = { unneeded: [], cached: [], packs: [], processes: [] }
  for (const [path, text] of files) {
    if (path === 'group.toml') {
      found.packs = read(path, text, group).group.map(({ id, version }) => ({ name: id, detected: version }))
    } else if (path === 'config/metadata.toml') {
      found.processes = read(path, text, processes).processes.map(({ type }) => type)
    } else takeLayer(path, text, found)
  }
  return found
}

function takeLayer(path: string, text: string, found: Layers): void {
  const [pack, name] = path.replace(/\.toml$/, '').split('/')
  if (pack === undefined || name === undefined) return
  // Kept for the buildpack as it is, whatever it is.
  if (name === 'store') found.cached.push({ path: `${pack}/store`, toml: text })
  if (OTHERS.has(name)) return
  const { types: { launch, cache } = { launch: false, cache: false }, metadata } = read(path, text, layer)
  if (!launch) found.unneeded.push(`${pack}/${name}`)
  // A buildpack has to say anew what a restored layer is for.
  if (cache) found.cached.push({ path: `${pack}/${name}`, toml: metadata ? stringify({ metadata }) : '' })
}

function read<T>(path: string, text: string, schema: z.ZodType<T>): T {
  try {
    return schema.parse(parse(text))
  } catch (cause) {
    const why = cause instanceof TomlError ? cause.message.split('\n')[0] : 'it is of another form than the specification says'
    throw new TrimtabError('BuildFailed', `A buildpack left a file that cannot be understood: ${path}: ${why}.`, { cause })
  }
}
