import { readFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { interpolate } from '../config/interpolate.ts'
import { TrimtabError } from '../errors.ts'

/**
 * The state directory that a platform.yaml names, and nothing else of it: a file that has become invalid must not keep
 * anybody from `status` or `down`. The running platform is the one that judges the rest.
 */
export async function stateOf(config: string, env: NodeJS.ProcessEnv): Promise<string> {
  let text: string
  try {
    text = await readFile(config, 'utf8')
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT'
    const why = missing ? 'There is no' : 'Cannot read'
    const hint = missing ? 'Name another with --config FILE; `trimtab init` proposes one.' : String(error)
    throw new TrimtabError('ConfigInvalid', `${why} ${config}. ${hint}`, { cause: error })
  }
  const written = simpleState(text) ?? (await parsedState(text)) ?? '.trimtab'
  const expanded = interpolate(written, env)
  if ('problem' in expanded) throw new TrimtabError('ConfigInvalid', `${config}: state: ${expanded.problem}.`)
  return resolve(dirname(config), expanded.text)
}

/** `state: ./dir` as nearly everybody writes it, without the 30 ms of loading a YAML parser; null: not that simple. */
function simpleState(text: string): string | null {
  const value = /^state:[ \t]+([^\s"'&*!|>{[#%@`][^#\n\r]*?|"[^"\\\n]*"|'[^'\n]*')[ \t]*(?:[ \t]#.*)?\r?$/m.exec(text)?.[1]
  return value?.replace(/^(["'])(.*)\1$/, '$2') ?? null
}

async function parsedState(text: string): Promise<string | null> {
  if (!text.includes('state')) return null
  const { parseDocument } = await import('yaml')
  try {
    const state: unknown = parseDocument(text).get('state')
    return typeof state === 'string' ? state : null
  } catch {
    return null
  }
}
