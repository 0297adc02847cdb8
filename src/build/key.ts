import { createHash } from 'node:crypto'
import type { TreeEntry } from '../ports.ts'
import type { Builtin } from './builtins.ts'
import type { Choice, Pack } from './choose.ts'
import { STACK } from './environment.ts'

/** Raise it when the same inputs give another slug: a change of what trimtab itself does in a build. */
const FORMAT = 1

export interface Inputs {
  /** The app's folder; `app.yaml` is left out, it is not in the build either: a change of config alone builds nothing. */
  entries: TreeEntry[]
  choice: Choice
  /** All of them count where none is named: any of them may be detected. */
  builtins: Builtin[]
  /** `build.env`, in ENV_DIR. */
  env: Record<string, string>
  /** `builds.env` of the platform, in the environment. */
  platformEnv: Record<string, string>
}

/** The effective inputs of a build as one name: the same key means the same image. The time limit, the CA bundle and the commit are not in it. */
export function buildKey(inputs: Inputs): string {
  const parts = [
    ['trimtab', FORMAT, STACK, process.platform, process.arch],
    inputs.entries.filter((entry) => entry.name !== 'app.yaml').map((entry) => [entry.mode, entry.id, entry.name]),
    inputs.choice === null ? inputs.builtins.map((pack) => [pack.name, pack.hash]) : inputs.choice.map(identity),
    sorted(inputs.env),
    sorted(inputs.platformEnv),
  ]
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 40)
}

function identity(pack: Pack): string[] {
  if (pack.kind === 'builtin') return ['builtin', pack.name, pack.pack.hash]
  if (pack.kind === 'repository') return ['repository', pack.tree]
  return ['own']
}

function sorted(env: Record<string, string>): Array<[string, string]> {
  return Object.entries(env).sort(([a], [b]) => (a < b ? -1 : 1))
}
