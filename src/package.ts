/** The installed package: where it is, and which version. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** Ends with a slash; one up from src/ and from dist/. */
export const packageRoot = fileURLToPath(new URL('../', import.meta.url))

export function packageVersion(): string {
  const { version } = JSON.parse(readFileSync(`${packageRoot}package.json`, 'utf8')) as { version: string }
  return version
}
