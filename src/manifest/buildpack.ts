import { z } from 'zod'
import { addressProblem, transportOf } from '../config/address.ts'
import type { Transport } from '../domain.ts'
import { didYouMean } from './suggest.ts'

/** The built-in ones, as folders of buildpacks/. */
const BUILDPACKS = ['go', 'java', 'nodejs', 'php', 'python', 'ruby', 'rust', 'static'] as const
const BUILT_IN = new RegExp(`^(?:heroku/)?(?:${BUILDPACKS.join('|')})$`)
const FOLDER = /^\.\/(?!\/|(?:.*\/)?\.\.?(?:\/|$))[A-Za-z0-9._@+,=/-]+$/

/** A branch, a tag or a whole commit: git-check-ref-format(1), and nothing that git could take for an option. */
const REF = /^(?![-/.@])(?!.*(?:\.\.|\/\/|\/\.|@\{|\.lock(?:\/|$)))[^\s~^:?*[\\#]{0,199}[^\s~^:?*[\\/.#]$/

const FORMS = 'expected an address such as https://host/path, ssh://user@host/path or user@host:path'

/** A buildpack in a repository of its own; without `ref`, what its HEAD names. */
export interface PackAddress {
  repo: string
  ref?: string
}

/** One line of `build.buildpacks`. Comes out as `nodejs`, as `./path` without a slash at its end, or as `address` and `#ref`. */
export const buildpack = z
  .string({ error: 'expected the name of a buildpack' })
  .max(500, { error: 'expected the name or the address of a buildpack, at most 500 characters long' })
  .superRefine((line, context) => {
    const problem = problemOf(line)
    if (problem !== null) context.addIssue({ code: 'custom', message: problem })
  })
  .transform((line) => {
    if (isAddress(line)) return line
    return line
      .replace(/^heroku\//, '')
      .replace(/\/+/g, '/')
      .replace(/\/$/, '')
  })

/** The lines of a `.buildpacks` file that name one, with their numbers. */
export function packFileLines(text: string): Array<{ text: string; line: number }> {
  const lines = text.split(/\r?\n/).map((line, at) => ({ text: line.trim(), line: at + 1 }))
  return lines.filter((one) => one.text !== '' && !one.text.startsWith('#'))
}

/** What is wrong in a `.buildpacks` file, as far as it can be seen without the repository: `.buildpacks:2: expected …`. */
export function packFileProblems(text: string): string[] {
  return packFileLines(text).flatMap((one) => {
    // The app itself, and folders beside and above it: whether they are there is seen at the commit.
    const problem = /^\.(?:\.?\/|$)/.test(one.text) ? null : problemOf(one.text)
    return problem === null ? [] : [`.buildpacks:${one.line}: ${problem}, got ${JSON.stringify(one.text.slice(0, 200))}`]
  })
}

/** Whether a line is meant for the address of a repository, be it a valid one or not. */
export function isAddress(line: string): boolean {
  return /[:#]|^[/~]|^(?:[\w-]+\.)+[\w-]+\/|\.git$|\.(?:tgz|tar\.gz|zip)$/i.test(line)
}

/** The address, or what is wrong with it: in the words of both app.yaml and `.buildpacks`. */
export function readAddress(line: string): PackAddress | { problem: string } {
  const at = line.indexOf('#')
  const repo = at < 0 ? line : line.slice(0, at)
  const ref = at < 0 ? undefined : line.slice(at + 1)
  if (/^urn:/i.test(line)) {
    return {
      problem: `expected the address of a git repository: there is no register of names here that urn: could be looked up in`,
    }
  }
  if (/\.(?:tgz|tar\.gz|zip)$/i.test(repo)) {
    return { problem: 'expected the address of a git repository, such as https://host/pack.git#v1: archives are not fetched' }
  }
  // As git hosts show it to people.
  if (/^(?:[\w-]+\.)+[\w-]+\/[^:]*$/.test(repo))
    return { problem: `expected an address with its scheme, such as https://${repo}` }
  if (!/:|^\//.test(repo)) return { problem: repo.startsWith('./') ? 'expected ./path without #' : FORMS }
  const problem = addressProblem(repo)
  if (problem !== null) return { problem: problem.replace(/ and write auth: .*/, '; buildpacks are read without credentials') }
  if (ref === undefined) return { repo }
  if (!REF.test(ref)) return { problem: 'expected a branch, a tag or a commit of 40 digits behind the #' }
  return { repo, ref }
}

/** Why the operator does not let a repository name this address; null: it may. */
export function transportProblem(repo: string, allow: Transport[]): string | null {
  const transport = transportOf(repo)
  return allow.includes(transport) ? null : `git.allow of platform.yaml does not name ${transport}`
}

function problemOf(line: string): string | null {
  if (BUILT_IN.test(line) || FOLDER.test(line)) return null
  if (isAddress(line)) {
    const read = readAddress(line)
    return 'problem' in read ? read.problem : null
  }
  if (line.startsWith('.')) return 'expected a folder inside the repository, such as ./buildpack'
  const near = didYouMean(line.replace(/^heroku\//, ''), BUILDPACKS)
  // Names of Heroku's registry (heroku-community/apt), which nobody else may ask.
  const named = near === '' && /^[\w-]+\/[\w-]+$/.test(line)
  const more = named ? "; a buildpack of Heroku's registry goes by the address of its git repository" : ''
  return `expected one of ${BUILDPACKS.join(', ')}, ./path in the repository, or a git address${more}${near}`
}
