/** Brings the files that Traefik is given up to date: the platform's own beside the routes, and its static configuration. */
import { createHash } from 'node:crypto'
import { chmodSync, existsSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { TraefikSpec } from '../../domain.ts'
import { TrimtabError } from '../../errors.ts'
import { Certificates } from './certificates.ts'
import { type Api, type Place, writePrivate } from './place.ts'
import { PLATFORM_FILE, platformConfig } from './platform-file.ts'
import { type Setting, staticConfig } from './static.ts'

/** Where Traefik listens, as it writes addresses. */
export type Addresses = Pick<Setting, 'http' | 'https'> & { api(port: number): string }

export class Settings {
  readonly #place: Place
  readonly #routes: string
  readonly #spec: TraefikSpec
  readonly #addresses: Addresses
  readonly #certificates: Certificates
  /** Why the operator's certificates are not taken as they are now; those of before stay in force. */
  problem: string | null = null

  constructor(place: Place, routes: string, spec: TraefikSpec, addresses: Addresses) {
    this.#place = place
    this.#routes = routes
    this.#spec = spec
    this.#addresses = addresses
    this.#certificates = new Certificates(place.certificates)
  }

  /** Writes what routes share, if it is not so already. Throws RouterUnavailable where there are no certificates, nor were before. */
  refresh(key: string): void {
    const { https } = this.#spec
    const path = join(this.#routes, PLATFORM_FILE)
    const old = textOf(path)
    try {
      const text = platformConfig({ key, https, pairs: this.#certificates.take(https?.files ?? []) })
      this.problem = null
      if (old === text) return
      // What the file of before names may be read until that of now is.
      this.#certificates.prune(text, old, textOf(this.#place.config))
      writePrivate(path, text)
    } catch (error) {
      if (!(error instanceof TrimtabError) || old === '') throw error
      this.problem = error.message
    }
  }

  /** The static configuration, for an API at this place. */
  text({ port, key }: Api): string {
    const { http, https, api } = this.#addresses
    const wanted = this.#spec.https
    const authority = wanted?.acme?.ca === undefined ? undefined : this.#certificates.keep(wanted.acme.ca)
    const place = this.#place
    return staticConfig({ place, routes: this.#routes, http, https, api: api(port), key, wanted, authority })
  }

  /**
   * Hash of all that makes a restart necessary; the API's place is none of it. A folder that was made anew is watched no longer, and is
   * known by its birth: inodes are used again.
   */
  made(...more: string[]): string {
    const text = this.text({ port: 0, key: '' })
    const { dev, ino, birthtimeNs } = statSync(this.#routes, { bigint: true })
    return createHash('sha256')
      .update(JSON.stringify([text, `${dev}:${ino}:${birthtimeNs}`, ...more]))
      .digest('hex')
      .slice(0, 32)
  }

  /** Writes the static configuration, if it is another one: on a full disk what is there will do. */
  write(api: Api): void {
    const text = this.text(api)
    if (textOf(this.#place.config) !== text) writePrivate(this.#place.config, text)
    // Traefik refuses one that others may read.
    if (existsSync(this.#place.acme)) chmodSync(this.#place.acme, 0o600)
  }
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
