import { readFile } from 'node:fs/promises'

/** Where Debian keeps its own sources; those of others, beside them, are not for the image. */
const FILES = ['/etc/apt/sources.list', '/etc/apt/sources.list.d/debian.sources']

/** This machine's own sources, as far as they have this suite: its mirrors are the ones it can reach. */
export async function ownSources(suite: string, files = FILES): Promise<string[]> {
  const texts = await Promise.all(files.map((file) => readFile(file, 'utf8').catch(() => '')))
  const word = new RegExp(`(^|\\s)${suite.replace(/[^\w-]/g, '\\$&')}(\\s|$)`)
  const hasSuite = (text = '') => text.split('\n').some((line) => !line.startsWith('#') && word.test(line))
  return files.filter((_, at) => hasSuite(texts[at]))
}
