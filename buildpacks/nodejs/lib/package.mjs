// Reading package.json, and telling what is wrong with it.
import { existsSync, readFileSync } from 'node:fs'

/** Ends the build with these lines in its log. */
export function fail(...lines) {
  for (const line of lines) process.stderr.write(` !     ${line}\n`)
  process.exit(1)
}

export function readPackage() {
  if (!existsSync('package.json')) return {}
  try {
    const value = JSON.parse(readFileSync('package.json', 'utf8').replace(/^\uFEFF/, ''))
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value
  } catch (error) {
    fail(`package.json is not valid JSON: ${error.message}`)
  }
  fail('package.json holds no object.')
}

export const some = (value) => typeof value === 'object' && value !== null && Object.keys(value).length > 0
export const text = (value) => (typeof value === 'string' && value.trim() !== '' ? value.trim() : undefined)
export const contentOf = (file) => (existsSync(file) ? readFileSync(file, 'utf8') : undefined)
