import { closeSync, openSync, renameSync, writeSync } from 'node:fs'
import { open } from 'node:fs/promises'

const LIMIT = 10 * 1024 * 1024
const TAIL = 16 * 1024
/** How a topic begins in the logs of buildpacks, as on Heroku. */
const ARROW = '-----> '

/**
 * The log of one build: a file that grows, its last part in memory, and readers that follow it. Written at once, byte for byte:
 * what a terminal would make of control characters is the business of whoever shows it.
 */
export class BuildLog {
  #path: string
  readonly #limit: number
  #file: number | null = null
  #size = 0
  #leftOut = 0
  #topic = ''
  #tail = Buffer.alloc(0)
  #ended = false
  #full = false
  #wake: Array<() => void> = []

  constructor(path: string, limit = LIMIT) {
    this.#path = path
    this.#limit = limit
  }

  /** True once the disk had no room for a line of it. */
  get diskFull(): boolean {
    return this.#full
  }

  /** The last line that began with an arrow: what the build is doing. */
  get topic(): string {
    return this.#topic
  }

  /** Starts the file anew. */
  open(): void {
    this.#file = openSync(this.#path, 'w', 0o600)
    this.#notify()
  }

  /** Appends output. Past the limit it is only counted; the end of it is added when the log ends. */
  write(chunk: Buffer): void {
    this.#tail = Buffer.concat([this.#tail, chunk]).subarray(-TAIL)
    this.#note(chunk)
    const room = Math.max(0, this.#limit - this.#size)
    this.#leftOut += Math.max(0, chunk.length - room)
    if (room > 0) this.#append(chunk.subarray(0, room))
  }

  /** One line of our own: `-----> topic` or seven spaces and text. */
  line(text: string): void {
    this.write(Buffer.from(`${text}\n`))
  }

  /** The last lines, for a failure's message. */
  lastLines(count: number): string {
    return this.#tail.toString('utf8').trimEnd().split('\n').slice(-count).join('\n')
  }

  end(): void {
    if (this.#ended) return
    if (this.#leftOut > TAIL)
      this.#append(Buffer.from(`\n       [${this.#leftOut - TAIL} bytes left out: a build log keeps ${this.#limit}]\n`))
    if (this.#leftOut > 0) this.#append(this.#tail.subarray(-Math.min(TAIL, this.#leftOut)))
    this.#ended = true
    if (this.#file !== null) closeSync(this.#file)
    this.#file = null
    this.#notify()
  }

  /** Moves the file; readers that are under way do not notice. */
  move(to: string): void {
    renameSync(this.#path, to)
    this.#path = to
  }

  /** Everything from the beginning, then what comes, until the log has ended. */
  async *follow(signal: AbortSignal): AsyncIterable<string> {
    while (this.#file === null && !this.#ended) if (!(await this.#changed(signal))) return
    const file = await open(this.#path, 'r').catch(() => open(this.#path, 'r').catch(() => null)) // it may be moved just now
    if (file === null) return
    try {
      const decoder = new TextDecoder()
      const buffer = Buffer.alloc(64 * 1024)
      for (let at = 0; !signal.aborted; ) {
        const { bytesRead } = await file.read(buffer, 0, buffer.length, at)
        at += bytesRead
        const text = decoder.decode(buffer.subarray(0, bytesRead), { stream: true })
        if (text !== '') yield text
        if (bytesRead > 0 || at < this.#size) continue
        if (this.#ended || !(await this.#changed(signal, at))) return
      }
    } finally {
      await file.close()
    }
  }

  #note(chunk: Buffer): void {
    const at = chunk.lastIndexOf(ARROW)
    if (at === -1) return
    const [line = ''] = chunk
      .subarray(at + ARROW.length, at + 200)
      .toString('utf8')
      .split('\n')
    this.#topic = line.trim().slice(0, 100)
  }

  #append(bytes: Buffer): void {
    if (this.#file === null) return
    try {
      this.#size += writeSync(this.#file, bytes)
    } catch (error) {
      // A full disk must not end the platform; the build finds out by itself.
      this.#full ||= ['ENOSPC', 'EDQUOT'].includes((error as NodeJS.ErrnoException).code ?? '')
    }
    this.#notify()
  }

  #notify(): void {
    const wake = this.#wake
    this.#wake = []
    for (const one of wake) one()
  }

  /** Waits for more than `known` bytes, the opening or the end; false when aborted. */
  #changed(signal: AbortSignal, known = -1): Promise<boolean> {
    if (signal.aborted) return Promise.resolve(false)
    if (this.#ended || (known >= 0 && this.#size > known)) return Promise.resolve(true)
    return new Promise((resolve) => {
      const stop = () => resolve(false)
      signal.addEventListener('abort', stop, { once: true })
      this.#wake.push(() => {
        signal.removeEventListener('abort', stop)
        resolve(true)
      })
    })
  }
}
