/** `build:`, the ways in which a commit becomes an image. One of them at a time. */
import { z } from 'zod'
import { artifact } from './artifact.ts'
import { buildpack } from './buildpack.ts'
import { dockerfile } from './dockerfile.ts'
import { duration } from './duration.ts'
import { environment } from './environment.ts'
import { imageName, mapping } from './values.ts'

/** `build:` of app.yaml. */
export const build = mapping({
  buildpacks: z
    .array(buildpack, { error: 'expected a list of buildpacks' })
    .min(1, { error: 'expected at least one buildpack; leave the key out to have it detected' })
    .max(20, { error: 'expected at most 20 buildpacks' })
    .exactOptional()
    .describe(
      'Buildpacks in order: nodejs, python and the other built-in ones, heroku/<one of these>, ./path in the repository, or an address such as https://host/pack.git#v1. Default: detected.',
    ),
  env: environment().exactOptional().describe('Environment of the build alone.'),
  timeout: duration('100ms', '24h').exactOptional().describe('How long the build may take, such as 15m.'),
  dockerfile: dockerfile.exactOptional().describe("Built from this Dockerfile, in the app's folder."),
  image: imageName()
    .exactOptional()
    .describe('Not built: this image, by tag or (better, it never changes) by digest: registry.example.com/shop@sha256:…'),
  cnb: z
    .union([imageName(), mapping({ builder: imageName(), run: imageName().exactOptional() })], {
      error: 'expected the name of a builder image, or a mapping {builder, run}',
    })
    .exactOptional()
    .describe('Cloud Native Buildpacks: built by the lifecycle of this builder image, such as heroku/builder:24.'),
  artifact: artifact.exactOptional().describe('Not built: an archive, a .jar or .war, or a program, by its SHA-256.'),
})
  .superRefine((build, context) => {
    const [first, ...others] = (['buildpacks', 'dockerfile', 'image', 'cnb', 'artifact'] as const).filter(
      (way) => build[way] !== undefined,
    )
    for (const way of others) {
      context.addIssue({ code: 'custom', path: [way], message: `is another way to build, beside ${first}; one of them can be` })
    }
  })
  .describe('How the commit is built.')
