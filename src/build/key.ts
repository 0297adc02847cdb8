import { createHash } from 'node:crypto'
import type { TreeEntry } from '../ports.ts'
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

function partsOf({ recipe, entries, context, builtins, env, platformEnv, base }: Inputs): unknown[] {
  const tree = listed(entries.filter((entry) => entry.name !== 'app.yaml'))
  const kind = ['trimtab', FORMAT, ...base]
  switch (recipe.kind) {
    case 'buildpacks': {
      const packs = recipe.choice?.map(identity) ?? builtins.map((pack) => [pack.name, pack.hash])
      return [kind, tree, packs, sorted(env), sorted(platformEnv)]
    }
    case 'dockerfile': {
      const { path, args, target, secrets } = recipe.dockerfile
      // Secrets by their names alone: what stands in them is nobody's to know, and another value makes no other image.
      const options = [path, sorted(args), target ?? null, listed(context), secrets]
      return [kind, tree, options, sorted(env), sorted(platformEnv)]
    }
    case 'image':
      // A digest is what it is; a tag may have moved, and is looked up anew for every new tree.
      return [kind, recipe.reference, isPinned(recipe.reference) ? [] : tree]
    case 'cnb':
      // What a builder's tag stands for is looked up with every build; that it has moved is no reason for one.
      return [kind, tree, recipe.cnb.builder, recipe.cnb.run ?? null, sorted(env), sorted(platformEnv)]
    case 'artifact': {
      // Nothing of the commit is in it. Its address is: that another one has the same to give is looked up once.
      const { sha256, name, url, hasCommand } = recipe.artifact
      return [kind, sha256, name, url ?? null, hasCommand]
    }
  }
}

/** Whether a reference names one image for ever. */
export function isPinned(reference: string): boolean {
  return /@sha256:[0-9a-f]{64}$/.test(reference)
}

function identity(pack: Pack): string[] {
  if (pack.kind === 'builtin') return ['builtin', pack.name, pack.pack.hash]
  if (pack.kind === 'repository') return ['repository', pack.tree]
  if (pack.kind === 'fetched') return ['fetched', pack.commit]
  return ['own']
}

function listed(entries: TreeEntry[]): string[][] {
  return entries.map((entry) => [entry.mode, entry.id, entry.name])
}

function sorted(env: Record<string, string>): Array<[string, string]> {
  return Object.entries(env).sort(([a], [b]) => (a < b ? -1 : 1))
}
