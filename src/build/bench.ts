import { mkdirSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { TrimtabError } from '../errors.ts'

/** The scratch folders of one build, `<state>/builds/<key>/`, and its app's cache. Removed with the build, but for the cache. */
export interface Bench {
  root: string
  home: string
  tmp: string
  /** ENV_DIR: one file per variable of `build.env`. The app's run-time env is not in it: a build must not depend on it. */
  env: string
  /** Where packs are laid out, one folder each. */
  packs: string
  /** CACHE_DIR, one per app and shared by its packs, as on Heroku. */
  cache: string
}

/** Names of variables become names of files, so they are checked before that. */
export function requireNames(env: Record<string, string>): void {
  const bad = Object.keys(env).find((name) => !/^[A-Za-z_][A-Za-z0-9_]{0,254}$/.test(name))
  if (bad !== undefined)
    throw new TrimtabError('ManifestInvalid', `app.yaml build.env: ${JSON.stringify(bad)} is no variable name.`)
}

/** Kept from build to build, until the app is gone. */
export function cacheOf(cacheRoot: string, app: string): string {
  return join(cacheRoot, encodeURIComponent(app).replace(/^\./, '%2E'))
}

/** Makes the bench. */
export async function openBench(root: string, cacheRoot: string, app: string, env: Record<string, string>): Promise<Bench> {
  requireNames(env)
  const bench = {
    root,
    home: join(root, 'home'),
    tmp: join(root, 'tmp'),
    env: join(root, 'env'),
    packs: join(root, 'packs'),
    cache: cacheOf(cacheRoot, app),
  }
  mkdirSync(root, { recursive: true, mode: 0o700 })
  for (const dir of [bench.home, bench.tmp, bench.env, bench.packs, bench.cache]) mkdirSync(dir, { recursive: true })
  await Promise.all(Object.entries(env).map(([name, value]) => writeFile(join(bench.env, name), value, { mode: 0o600 })))
  return bench
}
