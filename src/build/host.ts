import { type BuilderOptions, type ConfiguredBuilder, createBuilder, rememberBuiltins } from './builder.ts'
import { hostWorkshop } from './hostWorkshop.ts'
import type { FreeBytes } from './space.ts'

export interface HostBuilderOptions extends BuilderOptions {
  /** From SIGTERM to SIGKILL when a build is ended. */
  graceMs?: number
  free?: FreeBytes
}

/**
 * A Builder that runs buildpacks in folders of the state directory, as the user that trimtab runs as.
 * The image's `ref` is the app's folder, `<state>/slugs/<key>/app`.
 */
export function createHostBuilder(options: HostBuilderOptions): ConfiguredBuilder {
  const builtins = rememberBuiltins(options.buildpacksDir)
  return createBuilder(hostWorkshop(options, builtins), builtins, options)
}
