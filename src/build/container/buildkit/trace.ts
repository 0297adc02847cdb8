import type { BuildLog } from '../../log.ts'
import { fields, textOf } from './protobuf.ts'

/** A longer line is passed on in pieces. */
const LONGEST = 64 * 1024

/**
 * What BuildKit tells while it builds, for the log: its StatusResponse (github.com/moby/buildkit, api/services/control/control.proto).
 * Steps go on beside each other, and each tells the end of its lines in its own time. What is secret is never passed on.
 */
export class Trace {
  readonly #log: BuildLog
  readonly #secrets: string[]
  readonly #told = new Set<string>()
  readonly #rest = new Map<string, string>()
  /** The step that failed: `[2/3] RUN make`. */
  failed = ''

  constructor(log: BuildLog, secrets: string[]) {
    this.#log = log
    // Lines of it too: that is how a tool would print a key. What is shorter than this is in every other word.
    const parts = secrets.flatMap((secret) => [secret, ...secret.split('\n')]).map((part) => part.trim())
    this.#secrets = [...new Set(parts)].filter((part) => part.length >= 4).sort((a, b) => b.length - a.length)
  }

  /** `aux`: a StatusResponse in base64. */
  take(aux: string): void {
    for (const { number, value } of fields(Buffer.from(aux, 'base64'))) {
      if (!Buffer.isBuffer(value)) continue
      if (number === 1) this.#vertex(value)
      if (number === 3) this.#output(value)
    }
  }

  /** Passes on what has no end of line yet. */
  end(): void {
    for (const text of this.#rest.values()) if (text !== '') this.#line(text)
    this.#rest.clear()
  }

  #vertex(message: Buffer): void {
    const all = new Map([...fields(message)].map(({ number, value }) => [number, value]))
    const name = textOf(message, 3)
    // What the builder does for itself is nobody's step.
    if (!/^\[(?!internal\])/.test(name)) return
    const begun = all.has(5)
    if (begun && !this.#told.has(name)) {
      this.#told.add(name)
      this.#log.line(`-----> ${this.#hidden(name)}`)
      if (all.get(4) === 1) this.#log.line('       as it was built before')
    }
    if (textOf(message, 7) !== '') this.failed = this.#hidden(name)
  }

  #output(message: Buffer): void {
    const vertex = textOf(message, 1)
    const lines = ((this.#rest.get(vertex) ?? '') + textOf(message, 4)).split('\n')
    const rest = lines.pop() ?? ''
    for (const line of lines) this.#line(line)
    if (rest.length > LONGEST) this.#line(rest)
    this.#rest.set(vertex, rest.length > LONGEST ? '' : rest)
  }

  #line(text: string): void {
    this.#log.line(this.#hidden(text))
  }

  #hidden(text: string): string {
    return this.#secrets.reduce((shown, secret) => shown.replaceAll(secret, '***'), text)
  }
}
