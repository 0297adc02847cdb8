import type { BuildLog } from '../log.ts'
import type { Progress } from './progress.ts'

/** What the engine says while it builds a Dockerfile: its output, where it is, and at last the image. */
export class Steps {
  readonly #log: BuildLog
  #command = ''
  #step = ''
  /** Id of the image that comes out. */
  id: string | null = null
  /** Ids of what the lines gave, in their order. */
  readonly layers: string[] = []

  constructor(log: BuildLog) {
    this.#log = log
  }

  /** `step 3/5 (RUN make) failed: `; '' before the first. */
  get current(): string {
    return this.#step === '' ? '' : `${this.#step.toLowerCase()} (${this.#command.slice(0, 200)}) failed: `
  }

  take({ stream, status, aux, id, progressDetail }: Progress): void {
    if (typeof aux === 'object') this.id = aux.ID ?? this.id
    if (stream !== undefined) this.#said(stream)
    // Of an image that has to be pulled first.
    else if (status !== undefined && progressDetail?.current === undefined)
      this.#log.line(`       ${id ? `${id}: ` : ''}${status}`)
  }

  #said(text: string): void {
    const [, step, command] = /^(Step \d+\/\d+) : (.*)/.exec(text) ?? []
    const layer = /^ ---> ([0-9a-f]{12,64})\n?$/.exec(text)?.[1]
    if (step !== undefined && command !== undefined) {
      this.#step = step
      this.#command = command
      this.#log.line(`-----> ${step}: ${command}`)
    } else if (layer !== undefined) {
      // What a stage begins from is somebody else's.
      if (!/^FROM\s/i.test(this.#command)) this.layers.push(layer)
    } else if (/^ ---> Using cache\n?$/.test(text)) this.#log.line('       as it was built before')
    else if (!NOISE.test(text)) this.#log.write(Buffer.from(text))
  }
}

/** The engine's own book-keeping. */
const NOISE =
  /^(\n| ---> Running in [0-9a-f]+\n?|(Removing|Removed) intermediate container [0-9a-f]+\n?|Successfully built [0-9a-f]+\n?)$/
