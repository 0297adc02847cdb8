/** Why an app's routes are not served: what Traefik says of its routers, and which file keeps it from taking any. */
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { basename, join } from 'node:path'
import { parseDocument } from 'yaml'
import { appOfFile } from '../traefik.ts'
import type { Form } from './form.ts'
import { RefusalLog } from './log.ts'

/** Something in Traefik's answer that does not work. */
export interface Fault {
  /** Its name, and what it refers to. */
  names: string[]
  words: string
}

interface Part {
  error?: string[]
  service?: string
  middlewares?: string[]
}

/** What does not work, by Traefik's own account (GET /api/rawdata). Pure. */
export function faultsIn(data: { routers?: object; services?: object; middlewares?: object }): Fault[] {
  const parts = [data.routers, data.services, data.middlewares].flatMap((part) => Object.entries(part ?? {}))
  return parts.flatMap(([name, { error, service = '', middlewares = [] }]: [string, Part]) =>
    error && error.length > 0 ? [{ names: [name, service, ...middlewares], words: `${name}: ${error.join('; ')}` }] : [],
  )
}

/** A file that Traefik does not take, and so none that has changed since. */
export interface Refused {
  /** Its name; '' where none is to blame. */
  file: string
  why: string
}

/** In words for a person; null: no complaint. Pure. */
export function complaintOf(app: string, faults: Fault[], refused: Refused[], problem: string | null): string | null {
  const own = faults.filter(({ names }) => names.some((name) => name.startsWith(`${app}.`)))
  const files = refused.map(({ file, why }) => {
    if (file === '') return `Traefik does not read the route files: ${why}`
    const whose = appOfFile(file)
    const which = whose === app ? 'its route file' : whose ? `the route file of "${whose}"` : 'a file that is not an app’s'
    const all = whose === app ? '' : '; until that is mended it takes no change of any app’s'
    return `Traefik refuses ${file}, ${which}: ${why}${all}`
  })
  const all = [...files, ...own.map(({ words }) => words), ...(problem === null ? [] : [problem])]
  return all.length > 0 ? all.join('\n') : null
}

/** The folder of route files, as Traefik sees it. */
export class RouteFiles {
  readonly #form: Form
  readonly #log: RefusalLog | null
  readonly #looked = new Map<string, { stamp: number; why: string | null }>()
  /** When this Traefik was started, where that is known. */
  startedAt = 0

  constructor(form: Form) {
    this.#form = form
    this.#log = form.log === null ? null : new RefusalLog(form.log, form.routes)
  }

  refused(): Refused[] {
    const said = this.#log?.refused(this.startedAt).map(({ file, why }) => ({ file: file && basename(file), why }))
    return said ?? this.#unreadable()
  }

  /** Where there is no log to read: what is no YAML is refused for certain. */
  #unreadable(): Refused[] {
    const { routes } = this.#form
    return readdirSync(routes).flatMap((file) => {
      if (!/\.ya?ml$/i.test(file)) return []
      const { ctimeMs } = statSync(join(routes, file), { throwIfNoEntry: false }) ?? { ctimeMs: 0 }
      let known = this.#looked.get(file)
      if (known?.stamp !== ctimeMs) {
        known = { stamp: ctimeMs, why: yamlProblem(join(routes, file)) }
        this.#looked.set(file, known)
      }
      return known.why === null ? [] : [{ file, why: known.why }]
    })
  }
}

function yamlProblem(path: string): string | null {
  try {
    return parseDocument(readFileSync(path, 'utf8')).errors[0]?.message.split('\n')[0] ?? null
  } catch {
    return null
  }
}
