/**
 * The operator's certificate files → copies of our own, named by their content. A new certificate is another name, and with it another
 * text of the platform's file, which Traefik reads at once; half a change (the certificate, but not its key yet) is no change.
 */
import { createHash, createPrivateKey, X509Certificate } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Https } from '../../domain.ts'
import { TrimtabError } from '../../errors.ts'
import { writePrivate } from './place.ts'

/** Paths, by the names that Traefik gives them. */
export interface Pair {
  certFile: string
  keyFile: string
}

interface Taken {
  /** Of both files, when they were taken. */
  stamp: string
  pair: Pair
}

export class Certificates {
  readonly #dir: string
  readonly #taken = new Map<string, Taken>()
  constructor(dir: string) {
    this.#dir = dir
  }

  /** The pairs as they are now. Throws RouterUnavailable where one cannot be used. */
  take(files: Https['files']): Pair[] {
    return files.map((file) => {
      const known = this.#taken.get(file.certificate)
      try {
        const stamp = stampOf(file.certificate) + stampOf(file.key)
        if (known?.stamp === stamp && existsSync(known.pair.certFile) && existsSync(known.pair.keyFile)) return known.pair
        const pair = this.#copy(file)
        this.#taken.set(file.certificate, { stamp, pair })
        return pair
      } catch (cause) {
        const why = cause instanceof Error ? cause.message : String(cause)
        const message = `The certificate ${file.certificate} with the key ${file.key} cannot be used: ${why}.`
        throw new TrimtabError('RouterUnavailable', message, { retry: true, cause })
      }
    })
  }

  /** A file that Traefik is given by its path alone, such as an authority's CA. */
  keep(path: string): string {
    try {
      return this.#write(readFileSync(path))
    } catch (cause) {
      throw new TrimtabError('RouterUnavailable', `${path} cannot be read: ${String(cause)}.`, { retry: true, cause })
    }
  }

  /** Removes copies whose name is in none of these texts. */
  prune(...texts: string[]): void {
    for (const name of existsSync(this.#dir) ? readdirSync(this.#dir) : []) {
      if (!texts.some((text) => text.includes(name))) rmSync(join(this.#dir, name), { force: true })
    }
  }

  #copy({ certificate, key }: Https['files'][number]): Pair {
    const [cert, secret] = [readFileSync(certificate), readFileSync(key)]
    if (!new X509Certificate(cert).checkPrivateKey(createPrivateKey(secret))) throw new Error('the key is another one’s')
    return { certFile: this.#write(cert), keyFile: this.#write(secret) }
  }

  #write(content: Buffer): string {
    const path = join(this.#dir, `${createHash('sha256').update(content).digest('hex').slice(0, 32)}.pem`)
    if (!existsSync(path)) writePrivate(path, content)
    return path
  }
}

function stampOf(path: string): string {
  const { ino, size, mtimeNs, ctimeNs } = statSync(path, { bigint: true })
  return `${ino}:${size}:${mtimeNs}:${ctimeNs};`
}
