import { parseDocument } from 'yaml'
import { TrimtabError } from '../errors.ts'
import { refuseStructure } from '../manifest/nesting.ts'

/** What a bin/release may write at most. */
export const RELEASE_LIMIT = 64 * 1024

/** What the packs of a build declare. */
export interface Declared {
  processTypes: Record<string, string>
  configVars: Record<string, string>
  /** What was installed, for the bill of materials: a key of ours, as the next one, which Heroku's packs do not have and Heroku would pass over. */
  versions: Record<string, string>
  /** Process types that a Procfile may well name, where it is not certain enough to run them unasked. */
  proposed: Record<string, string>
}

export const NOTHING: Declared = { processTypes: {}, configVars: {}, versions: {}, proposed: {} }
const TYPE = /^[A-Za-z0-9_-]{1,63}$/

/**
 * Reads the YAML that bin/release prints (devcenter.heroku.com/articles/buildpack-api): `default_process_types` and
 * `config_vars`, and besides them `versions` and `proposed_process_types`; `addons` are ignored, as Heroku does for existing apps. The
 * text is hostile: no aliases, no tags, plain values only.
 */
export function parseRelease(text: string, pack: string): Declared {
  const bad = (why: string, cause?: unknown) =>
    new TrimtabError('BuildFailed', `bin/release of ${pack} printed something that is no release: ${why}.`, { cause })
  if (Buffer.byteLength(text) > RELEASE_LIMIT) throw bad(`more than ${RELEASE_LIMIT / 1024} KB`)
  const problem = refuseStructure(text) // deep nesting would end the whole process, not just the parser
  if (problem !== null) throw bad(problem.message)
  let value: unknown
  try {
    const document = parseDocument(text, { schema: 'core', merge: false, uniqueKeys: true })
    const [error] = document.errors
    if (error !== undefined) throw error
    value = document.toJS({ maxAliasCount: 0, mapAsMap: true })
  } catch (error) {
    throw bad(error instanceof Error ? (error.message.split('\n')[0] ?? '').replace(/:$/, '') : String(error), error)
  }
  if (value === null || value === undefined) return NOTHING
  if (!(value instanceof Map)) throw bad('a map was expected')
  return {
    processTypes: strings(value.get('default_process_types'), TYPE, (why) => bad(`default_process_types: ${why}`)),
    configVars: strings(value.get('config_vars'), /^[A-Za-z_][A-Za-z0-9_]{0,254}$/, (why) => bad(`config_vars: ${why}`)),
    versions: strings(value.get('versions'), /^[A-Za-z0-9][A-Za-z0-9 ._+-]{0,62}$/, (why) => bad(`versions: ${why}`)),
    proposed: strings(value.get('proposed_process_types'), TYPE, (why) => bad(`proposed_process_types: ${why}`)),
  }
}

/** Later packs win, name by name. */
export function mergeDeclared(all: Declared[]): Declared {
  return {
    processTypes: Object.assign({}, ...all.map((one) => one.processTypes)),
    configVars: Object.assign({}, ...all.map((one) => one.configVars)),
    versions: Object.assign({}, ...all.map((one) => one.versions)),
    proposed: Object.assign({}, ...all.map((one) => one.proposed)),
  }
}

function strings(value: unknown, name: RegExp, bad: (why: string) => TrimtabError): Record<string, string> {
  if (value === undefined || value === null) return {}
  if (!(value instanceof Map)) throw bad('a map of names to text was expected')
  const pairs = [...value].map(([key, text]): [string, string] => {
    if (typeof key !== 'string' || !name.test(key) || key === '__proto__')
      throw bad(`${JSON.stringify(String(key)).slice(0, 80)} is no name`)
    if (!['string', 'number', 'boolean'].includes(typeof text)) throw bad(`${key} is not text`)
    const plain = String(text)
    if (plain.trim() === '' && name.source.startsWith('^[A-Za-z0-9')) throw bad(`${key} is empty`)
    if (plain.includes('\0') || plain.length > 16 * 1024) throw bad(`${key} is too long or holds a NUL`)
    return [key, plain]
  })
  return Object.fromEntries(pairs)
}
