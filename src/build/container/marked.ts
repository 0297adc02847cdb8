/** One output of a request, up to the mark at which it ends: `NUL nonce status NUL`, which only the driver can write. */
export class Marked {
  readonly #mark: Buffer
  readonly #pass: (chunk: Buffer) => void
  #held: Buffer = Buffer.alloc(0)
  /** Null until the mark has come. */
  status: number | null = null

  constructor(nonce: string, pass: (chunk: Buffer) => void) {
    this.#mark = Buffer.from(`\0${nonce} `)
    this.#pass = pass
  }

  take(data: Buffer): void {
    if (this.status !== null) return
    const all = this.#held.length === 0 ? data : Buffer.concat([this.#held, data])
    const at = all.indexOf(this.#mark)
    if (at === -1) return this.#keep(all, this.#beginning(all))
    const end = all.indexOf(0, at + this.#mark.length)
    if (end === -1) return this.#keep(all, at)
    this.#keep(all, at)
    this.status = Number(all.subarray(at + this.#mark.length, end).toString())
  }

  /** Where the mark may have begun: output that cannot be part of it is not held back. */
  #beginning(all: Buffer): number {
    for (let at = all.indexOf(0, Math.max(0, all.length - this.#mark.length)); at !== -1; at = all.indexOf(0, at + 1)) {
      if (all.subarray(at).equals(this.#mark.subarray(0, all.length - at))) return at
    }
    return all.length
  }

  #keep(all: Buffer, from: number): void {
    if (from > 0) this.#pass(all.subarray(0, from))
    this.#held = Buffer.from(all.subarray(from))
  }
}
