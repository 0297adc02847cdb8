import type { ArtifactSettings, BuildSettings, DockerfileSettings } from '../domain.ts'
import type { TreeEntry } from '../ports.ts'
import type { Builtin } from './builtins.ts'
import type { Choice } from './choose.ts'

/** How an image is to be made. */
export type Recipe =
  | { kind: 'buildpacks'; choice: Choice }
  | { kind: 'dockerfile'; dockerfile: DockerfileSettings }
  /** Somebody else has made it. */
  | { kind: 'image'; reference: string }
  /** By the lifecycle of a builder image. */
  | { kind: 'cnb'; cnb: NonNullable<BuildSettings['cnb']> }
  /** A file that somebody else has made. */
  | { kind: 'artifact'; artifact: ArtifactSettings }

/** What decides the result of a build. */
export interface Inputs {
  recipe: Recipe
  /** The app's folder; `app.yaml` is left out, it is not in the build either: a change of config alone builds nothing. */
  entries: TreeEntry[]
  /** What a Dockerfile sees where that is another folder. */
  context: TreeEntry[]
  /** All of them count where none is named: any of them may be detected. */
  builtins: Builtin[]
  /** `build.env`, in ENV_DIR. */
  env: Record<string, string>
  /** `builds.env` of the platform, in the environment. */
  platformEnv: Record<string, string>
  /** What the workshop adds: its kind, its system. */
  base: string[]
}

/** Where there is a Dockerfile, an image or an artifact, buildpacks are not looked for. */
export function recipeOf(settings: BuildSettings): Recipe | null {
  if (settings.image !== undefined) return { kind: 'image', reference: settings.image }
  if (settings.dockerfile !== undefined) return { kind: 'dockerfile', dockerfile: settings.dockerfile }
  if (settings.cnb !== undefined) return { kind: 'cnb', cnb: settings.cnb }
  if (settings.artifact !== undefined) return { kind: 'artifact', artifact: settings.artifact }
  return null
}
