/** Why an app's routes are not served: what Traefik says of its routers, and which file keeps it from taking any. */
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { basename, join } from 'node:path'
import { parseDocument } from 'yaml'
import { appOfFile, isOurs } from '../traefik.ts'
import type { Form } from './form.ts'
import { RefusalLog } from './log.ts'

/** Something in Traefik's answer that does not work. */
export interface Fault {
  /** What it refers to, or its name: a router may be called otherwise than its route, "https-shop.web.0". */
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
  return parts.flatMap(([name, { error = [], service, middlewares = [] }]: [string, Part]) => {
    const names = service === undefined ? [name] : [service, ...middlewares]
    return error.length > 0 ? [{ names, words: `${name}: ${error.join('; ')}` }] : []
  })
}

/** A file that Traefik does not take, and so none that has changed since. */
export interface Refused {
  /** Its name; '' where none is to blame. */
  file: string
  /** Whose routes are in it; null: it is none of ours. */
  app: string | null
  why: string
}

/** In words for a person; null: no complaint. Pure. */
export function complaintOf(app: string, faults: Fault[], refused: Refused[]): string | null {
  const own = faults.filter(({ names }) => names.some((name) => name.startsWith(`${app}.`)))
  const files = refused.map(({ file, app: whose, why }) => {
    if (file === '') return `Traefik does not read the route files: ${why}`
    const which =
      whose === null ? 'a file that trimtab has not written' : whose === app ? 'its route file' : `the route file of "${whose}"`
    const all = whose === app ? '' : '; until that is mended it takes no change of any app’s'
    return `Traefik refuses ${file}, ${which}: ${why}${all}`
  })
  const all = [...files, ...own.map(({ words }) => words)]
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
    const said = this.#log?.refused(this.startedAt) ?? this.#unreadable()
    return said.map(({ file, why }) => ({ file: file && basename(file), app: appIn(file), why }))
  }

  /** Where there is no log to read: what is no YAML is refused for certain. */
  #unreadable(): Array<Pick<Refused, 'file' | 'why'>> {
    const { routes } = this.#form
    return readdirSync(routes).flatMap((name) => {
      if (!/\.ya?ml$/i.test(name)) return []
      const file = join(routes, name)
      const { ctimeMs } = statSync(file, { throwIfNoEntry: false }) ?? { ctimeMs: 0 }
      let known = this.#looked.get(file)
      if (known?.stamp !== ctimeMs) {
        known = { stamp: ctimeMs, why: yamlProblem(file) }
        this.#looked.set(file, known)
      }
      return known.why === null ? [] : [{ file, why: known.why }]
    })
  }
}

/** By its name and our mark: also of one that was broken by hand. */
function appIn(file: string): string | null {
  const app = appOfFile(basename(file))
  try {
    return app !== null && isOurs(app, readFileSync(file, 'utf8')) ? app : null
  } catch {
    return null
  }
}

function yamlProblem(path: string): string | null {
  try {
    return parseDocument(readFileSync(path, 'utf8')).errors[0]?.message.split('\n')[0] ?? null
  } catch {
    return null
  }
}
