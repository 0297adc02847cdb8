import { existsSync, mkdirSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import type { Image } from '../domain.ts'
import { BILL, type Bill, materialsOf } from './bill.ts'
import { removeTree } from './files.ts'

const Meta = BILL.extend({
  format: z.literal(1),
  /** The app's folder. Some packs write absolute paths into a slug (Python's venv does), so one that was moved is no slug. */
  at: z.string(),
})

/** Whether this can be a key at all; keys also come from people. */
export function isKey(key: string): boolean {
  return /^[0-9a-f]{40}$/.test(key)
}

/**
 * Built slugs: `<key>/app/` is the app's folder, built where it will run; `<key>/build.log` its log; `<key>/meta.json` is written
 * last, so a folder without it is a build that did not end, whenever and however it was interrupted.
 */
export class Slugs {
  readonly root: string
  readonly #read = new Map<string, Image>()
  readonly #removing = new Map<string, Promise<void>>()

  constructor(root: string) {
    this.root = root
  }

  folder(key: string): string {
    return join(this.root, key)
  }

  app(key: string): string {
    return join(this.root, key, 'app')
  }

  log(key: string): string {
    return join(this.root, key, 'build.log')
  }

  /** The image of a whole slug. Read once; that it is still there is looked at every time. */
  async find(key: string): Promise<Image | null> {
    if (!isKey(key)) return null
    if (!isWhole(this.#meta(key), this.app(key))) {
      this.#read.delete(key)
      return null
    }
    const known = this.#read.get(key)
    if (known !== undefined) return known
    const image = await this.#load(key)
    if (image !== null) this.#read.set(key, image)
    return image
  }

  exists(key: string): boolean {
    return existsSync(this.#meta(key)) && existsSync(this.app(key))
  }

  /** An empty app folder for this key; what an interrupted build left there is removed. */
  async begin(key: string): Promise<string> {
    await this.#removing.get(key)
    if (existsSync(this.folder(key))) await this.remove(key)
    mkdirSync(this.app(key), { recursive: true })
    return this.app(key)
  }

  /** Makes the slug whole. */
  async finish(key: string, bill: Bill): Promise<Image> {
    const temporary = `${this.#meta(key)}.new`
    writeFileSync(temporary, JSON.stringify({ format: 1, at: this.app(key), ...bill } satisfies z.infer<typeof Meta>, null, 2))
    renameSync(temporary, this.#meta(key))
    const image = imageOf(key, this.app(key), bill)
    this.#read.set(key, image)
    return image
  }

  remove(key: string): Promise<void> {
    this.#read.delete(key)
    const removal = this.#removing.get(key) ?? this.#erase(key).finally(() => this.#removing.delete(key))
    this.#removing.set(key, removal)
    return removal
  }

  /** Everything that lies there, whole or not. */
  async keys(): Promise<string[]> {
    return (await readdir(this.root)).filter(isKey)
  }

  async #erase(key: string): Promise<void> {
    await rm(this.#meta(key), { force: true }) // first: half a slug must not look like a whole one
    await removeTree(this.folder(key))
  }

  #meta(key: string): string {
    return join(this.root, key, 'meta.json')
  }

  async #load(key: string): Promise<Image | null> {
    try {
      const meta = Meta.parse(JSON.parse(await readFile(this.#meta(key), 'utf8')))
      if (meta.at !== this.app(key)) return null
      return imageOf(key, meta.at, meta)
    } catch {
      return null // torn or of another version: built again
    }
  }
}

function imageOf(key: string, ref: string, bill: Bill): Image {
  return { key, ref, processTypes: bill.processTypes, configVars: bill.configVars, materials: materialsOf(bill) }
}

/** Asked on every pass over every app: a blocking call takes microseconds, a trip through the thread pool a hundred times that. */
function isWhole(meta: string, app: string): boolean {
  try {
    return statSync(meta).isFile() && statSync(app).isDirectory()
  } catch {
    return false
  }
}
