import { z } from 'zod'
import { didYouMean } from './suggest.ts'
import { LATER } from './values.ts'

/** The built-in ones, as folders of buildpacks/. */
const BUILDPACKS = ['go', 'java', 'nodejs', 'php', 'python', 'ruby', 'rust', 'static'] as const
const BUILDPACK = new RegExp(`^(?:(?:heroku/)?(?:${BUILDPACKS.join('|')})|\\./(?!/|(?:.*/)?\\.\\.?(?:/|$))[A-Za-z0-9._@+,=/-]+)$`)

/** One line of `build.buildpacks`. Comes out as `nodejs`, or as `./path` without a slash at its end. */
export const buildpack = z
  .string({ error: 'expected the name of a buildpack' })
  .max(255, { error: 'expected the name of a buildpack, at most 255 characters long' })
  .regex(BUILDPACK, { error: ({ input }) => explainBuildpack(String(input)), abort: true })
  .transform((name) =>
    name
      .replace(/^heroku\//, '')
      .replace(/\/+/g, '/')
      .replace(/\/$/, ''),
  )

function explainBuildpack(name: string): string {
  if (/^[a-z+]+:\/\/|^[\w.-]+@[\w.-]+:|\.git(#.*)?$/i.test(name)) return `buildpacks from a git address are ${LATER}`
  if (name.startsWith('.') || name.startsWith('/')) return 'expected a folder inside the repository, such as ./buildpack'
  const near = didYouMean(name.replace(/^heroku\//, ''), BUILDPACKS)
  return `expected one of ${BUILDPACKS.join(', ')}, or ./path in the repository${near}`
}
