/** The keys of app.yaml that say when and whether a commit is deployed. */
import { z } from 'zod'
import type { Manifest } from '../domain.ts'
import { isTimezone, parseWindows, WINDOW_EXPECTED } from '../plan/window.ts'
import { parsePattern } from './passedOver.ts'
import { distinctTexts } from './paths.ts'
import { appName, mapping, text } from './values.ts'

const PATHS_MOST = 50
const DEPENDENCIES_MOST = 50
const PATH_EXPECTED = 'expected a pattern of paths from the root of the repository, such as "services/shop/**" or "!**/*.md"'

const suspend = z
  .boolean({ error: 'expected true or false' })
  .describe('true: neither this commit nor any after it that says so is deployed; what runs stays.')

const paths = z
  .array(
    z
      .string({ error: PATH_EXPECTED })
      .max(200, { error: `${PATH_EXPECTED} of at most 200 characters` })
      .refine((pattern) => parsePattern(pattern) !== null, { error: PATH_EXPECTED }),
    { error: 'expected a list of patterns such as ["services/shop/**", "!**/*.md"]' },
  )
  .min(1, { error: 'expected at least one pattern; leave the key out to have every commit deployed' })
  .max(PATHS_MOST, { error: `expected at most ${PATHS_MOST} patterns` })
  .describe(
    'A commit that changes nothing of these, against what is deployed, is not deployed. The last pattern that fits counts.',
  )

const dependsOn = z
  .array(appName(), { error: 'expected a list of apps such as [auth]' })
  .max(DEPENDENCIES_MOST, { error: `expected at most ${DEPENDENCIES_MOST} apps` })
  .superRefine(distinctTexts('is named twice'))
  .describe('Apps that are live before this one is deployed for the first time, and that are started before it.')

const deploy = mapping(
  {
    window: text(WINDOW_EXPECTED, undefined, 500)
      .refine((written) => parseWindows(written) !== null, { error: WINDOW_EXPECTED })
      .describe('When commits are deployed, such as "Mon-Fri 09:00-17:00"; outside of it the newest one waits.'),
    timezone: text('expected a time zone such as Europe/Paris', undefined, 64)
      .refine(isTimezone, { error: 'expected a time zone such as Europe/Paris' })
      .exactOptional()
      .describe('Whose clock it is. Default: UTC.'),
  },
  'expected a mapping such as {window: "Mon-Fri 09:00-17:00", timezone: Europe/Paris}',
).describe('When commits may be deployed. Default: always.')

export const steeringKeys = {
  suspend: suspend.exactOptional(),
  paths: paths.exactOptional(),
  dependsOn: dependsOn.exactOptional(),
  deploy: deploy.exactOptional(),
}

type Written = { [Key in keyof typeof steeringKeys]?: z.output<(typeof steeringKeys)[Key]> | undefined }

/** What was written, without what says nothing. */
export function steeringOf({ suspend, paths, dependsOn, deploy }: Written): Pick<Manifest, keyof Written> {
  return {
    ...(suspend === true && { suspend }),
    ...(paths !== undefined && { paths }),
    ...(dependsOn !== undefined && dependsOn.length > 0 && { dependsOn: [...dependsOn].sort() }),
    ...(deploy !== undefined && { deploy }),
  }
}
