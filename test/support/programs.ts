/** Programs that come as Go modules: built once a machine, and kept in the cache. */
import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { TestContext } from 'vitest'
import { cached, cachePath } from './cache.ts'
import { need, type Part } from './need.ts'

export class Programs {
  private readonly name: Part
  private readonly packages: string[]
  /** With go.mod, which says which version. */
  private readonly dir: string

  constructor(name: Part, packages: string[]) {
    this.name = name
    this.packages = packages
    this.dir = join(import.meta.dirname, 'go', name)
  }

  /** Why they are not here, or null. */
  missing(): string | null {
    if (existsSync(cachePath(this.name, this.recipe()))) return null
    return `no ${this.name} in the cache yet; TRIMTAB_REQUIRE=${this.name} npm test builds it (apt-get install golang-go)`
  }

  /** The folder that they are in. Where there is none the test is skipped by name; without a context it throws. */
  folder(context: Pick<TestContext, 'skip'> | null): string {
    const missing = this.missing()
    if (context) need(context, this.name, missing)
    else if (missing !== null) throw new Error(`${this.name}: ${missing}`)
    return cachePath(this.name, this.recipe())
  }

  /** Builds them, unless they are there. */
  async make(): Promise<void> {
    await cached(this.name, this.recipe(), async (path) => {
      mkdirSync(path)
      const script = join(import.meta.dirname, 'go/build.sh')
      await promisify(execFile)('bash', [script, this.dir, path, ...this.packages], { maxBuffer: 64 << 20 })
    })
  }

  private recipe(): unknown {
    return { module: readFileSync(join(this.dir, 'go.mod'), 'utf8'), packages: this.packages }
  }
}

/** Some minutes to build, 178 MB. */
export const traefik = new Programs('traefik', ['github.com/traefik/traefik/v3/cmd/traefik'])

/** Of Cloud Native Buildpacks: a minute to build, 35 MB. */
export const lifecycle = new Programs('lifecycle', [
  'github.com/buildpacks/lifecycle/cmd/lifecycle',
  'github.com/buildpacks/lifecycle/cmd/launcher',
])

/** An ACME server. */
export const pebble = new Programs('pebble', ['github.com/letsencrypt/pebble/v2/cmd/pebble'])
