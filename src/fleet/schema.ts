/** A fleet's file: the `apps:` of platform.yaml, as far as a repository may say it. */
import { z } from 'zod'
import { appKeys, repo } from '../config/source-schema.ts'
import { distinct, mapping } from '../manifest/values.ts'

/** Each app is a folder, a mirror and a poll: a list of more is a mistake. */
const MOST_APPS = 10_000

/** What is the operator's to say. Ignored, it would look as if it worked. */
function operators(where: string) {
  return z
    .never({ error: `belongs in platform.yaml: ${where}` })
    .exactOptional()
    .describe(`Not here, but in platform.yaml: ${where}.`)
}

const app = mapping(
  {
    ...appKeys,
    repo: repo.describe('https://host/path, ssh://user@host/path or user@host:path; . is the repository of this file.'),
    auth: operators('git.credentials, by host'),
    webhook: operators('hooks.secret'),
    verify: operators('verify of the fleet, or of an app that platform.yaml itself lists'),
    forge: operators('git.forges, by host'),
  },
  'expected a mapping such as {name: hello, repo: "https://git.example.com/hello.git"}',
).refine(({ branch, tag }) => branch === undefined || tag === undefined, { error: 'takes a branch or a tag, not both' })

export const fleetSchema = mapping({
  apps: z
    .array(app, { error: 'expected a list of apps (write [] for none)' })
    .max(MOST_APPS, { error: `lists more than ${MOST_APPS} apps` })
    .superRefine(...distinct(({ name }) => (typeof name === 'string' ? name : undefined), 'has the same name as apps'))
    .describe('The apps; [] for none.'),
})

export type ParsedFleet = z.output<typeof fleetSchema>
