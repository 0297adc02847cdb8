/** `build.dockerfile`: a path, or a mapping with what `docker build` would be told besides. */
import { z } from 'zod'
import { distinctTexts, FILE, REPOSITORY_FOLDER, SECRET_NAME } from './paths.ts'
import { mapping, text } from './values.ts'

const PATH = 'expected the path of a Dockerfile in the repository'

const path = text(PATH, FILE, 255).transform((written) => written.replace(/^\.\//, ''))

const args = z.record(
  z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,254}$/, { error: 'expected the name of an ARG: letters, digits and _' }),
  z.union([z.string().refine((value) => !value.includes('\0'), { error: 'holds a NUL character' }), z.number(), z.boolean()], {
    error: 'expected text, a number, true or false; what is secret goes to secrets',
  }),
  { error: 'expected a mapping of names to values' },
)

const asMapping = mapping({
  path: path.exactOptional().describe("In the app's folder. Default: Dockerfile."),
  args: args.exactOptional().describe('Build arguments, for the ARG lines. They are in the image for all to read.'),
  target: text('expected the name of a stage', /^[A-Za-z0-9][\w.-]{0,127}$/)
    .exactOptional()
    .describe('The stage that becomes the image. Default: the last.'),
  context: text('expected a folder of the repository, from its root, such as . or services', REPOSITORY_FOLDER, 1000)
    .transform((written) =>
      written
        .split('/')
        .filter((part) => part !== '' && part !== '.')
        .join('/'),
    )
    .exactOptional()
    .describe("What COPY sees: a folder of the repository, from its root (which is `.`). Default: the app's folder."),
  secrets: z
    .array(text('expected the name of a secret of the platform', SECRET_NAME), { error: 'expected a list of names of secrets' })
    .max(50, { error: 'expected at most 50 secrets' })
    .superRefine(distinctTexts('is named twice'))
    .exactOptional()
    .describe("Names of the platform's secrets, for RUN --mount=type=secret,id=<name>. Never part of the image."),
})

/** Comes out as the mapping in any case. */
export const dockerfile = z.union([path.transform((written): z.output<typeof asMapping> => ({ path: written })), asMapping], {
  error: `${PATH}, or a mapping such as {path: Dockerfile, target: web}`,
})
