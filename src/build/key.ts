import { createHash } from 'node:crypto'
import type { Pack } from './choose.ts'
import type { Inputs } from './recipe.ts'

/** Raise it when the same inputs give another image: a change of what trimtab itself does in a build. */
const FORMAT = 1

/** The effective inputs of a build as one name: the same key means the same image. The time limit, the CA bundle and the commit are not in it. */
export function buildKey(inputs: Inputs): string {
  return createHash('sha256')
    .update(JSON.stringify(partsOf(inputs)))
    .digest('hex')
    .slice(0, 40)
}

function partsOf({ recipe, entries, builtins, env, platformEnv, base }: Inputs): unknown[] {
  const tree = entries.filter((entry) => entry.name !== 'app.yaml').map((entry) => [entry.mode, entry.id, entry.name])
  const kind = ['trimtab', FORMAT, ...base]
  switch (recipe.kind) {
    case 'buildpacks': {
      const packs = recipe.choice?.map(identity) ?? builtins.map((pack) => [pack.name, pack.hash])
      return [kind, tree, packs, sorted(env), sorted(platformEnv)]
    }
    case 'dockerfile':
      return [kind, tree, recipe.path, sorted(env), sorted(platformEnv)]
    case 'image':
      // A digest is what it is; a tag may have moved, and is looked up anew for every new tree.
      return [kind, recipe.reference, isPinned(recipe.reference) ? [] : tree]
  }
}

/** Whether a reference names one image for ever. */
export function isPinned(reference: string): boolean {
  return /@sha256:[0-9a-f]{64}$/.test(reference)
}

function identity(pack: Pack): string[] {
  if (pack.kind === 'builtin') return ['builtin', pack.name, pack.pack.hash]
  if (pack.kind === 'repository') return ['repository', pack.tree]
  return ['own']
}

function sorted(env: Record<string, string>): Array<[string, string]> {
  return Object.entries(env).sort(([a], [b]) => (a < b ? -1 : 1))
}
