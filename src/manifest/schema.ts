/** app.yaml: every key of it, once, for the parser, the types and the editors' JSON Schema. Durations come out in milliseconds. */
import { z } from 'zod'
import { duration } from './duration.ts'
import { environment } from './environment.ts'
import { routes } from './routes.ts'
import { didYouMean } from './suggest.ts'
import {
  appName,
  command,
  cores,
  imageName,
  LATER,
  mapping,
  notYet,
  oneOf,
  PROCESS_TYPE,
  PROCESS_TYPE_EXPECTED,
  size,
  text,
  wholeNumber,
} from './values.ts'

const BUILDPACKS = ['nodejs', 'python', 'static'] as const
const BUILDPACK = new RegExp(`^(?:(?:heroku/)?(?:${BUILDPACKS.join('|')})|\\./(?!/|(?:.*/)?\\.\\.?(?:/|$))[A-Za-z0-9._@+,=/-]+)$`)

/** Comes out as `nodejs`, or as `./path` without a slash at its end. */
const buildpack = z
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

/** Inside of the app's folder. */
const FILE = /^(?:\.\/)?(?!\/|-)(?!(?:.*\/)?\.\.?(?:\/|$))[^\0\\\n]+$/

const build = mapping({
  buildpacks: z
    .array(buildpack, { error: 'expected a list of buildpacks' })
    .min(1, { error: 'expected at least one buildpack; leave the key out to have it detected' })
    .max(20, { error: 'expected at most 20 buildpacks' })
    .exactOptional()
    .describe(
      'Buildpacks in order: nodejs, python, static, heroku/<one of these>, or ./path in the repository. Default: detected.',
    ),
  env: environment().exactOptional().describe('Environment of the build alone.'),
  timeout: duration('100ms', '24h').exactOptional().describe('How long the build may take, such as 15m.'),
  dockerfile: text('expected the path of a Dockerfile in the repository', FILE, 255)
    .transform((path) => path.replace(/^\.\//, ''))
    .exactOptional()
    .describe("Built from this Dockerfile, in the app's folder."),
  image: imageName()
    .exactOptional()
    .describe('Not built: this image, by tag or (better, it never changes) by digest: registry.example.com/shop@sha256:…'),
  artifact: notYet('run an artifact that is built elsewhere.'),
})
  .superRefine((build, context) => {
    const [first, ...others] = (['buildpacks', 'dockerfile', 'image'] as const).filter((way) => build[way] !== undefined)
    for (const way of others) {
      context.addIssue({ code: 'custom', path: [way], message: `is another way to build, beside ${first}; one of them can be` })
    }
  })
  .describe('How the commit is built.')

const health = mapping({
  path: text('expected a path such as /healthz', /^\/[!"$-~]*$/)
    .exactOptional()
    .describe('GET on this path must answer 2xx or 3xx. Default: any HTTP answer is healthy.'),
  interval: duration('100ms', '1h').exactOptional().describe('Time between two checks, such as 5s.'),
  timeout: duration('50ms', '10m').exactOptional().describe('How long one answer may take, such as 2s.'),
  grace: duration('100ms', '1h')
    .exactOptional()
    .describe('How long a new instance may take until its first good answer, such as 30s.'),
})
  .transform(({ path, interval, timeout, grace }) => ({
    ...(path !== undefined && { path }),
    ...(interval !== undefined && { intervalMs: interval }),
    ...(timeout !== undefined && { timeoutMs: timeout }),
    ...(grace !== undefined && { graceMs: grace }),
  }))
  .describe('When an instance counts as healthy.')

const SIGNALS = ['SIGTERM', 'SIGINT', 'SIGQUIT', 'SIGHUP', 'SIGUSR1', 'SIGUSR2', 'SIGWINCH'] as const

const stop = mapping({
  signal: oneOf(SIGNALS).exactOptional().describe('The signal that asks an instance to end.'),
  timeout: duration('0s', '1h').exactOptional().describe('Time from the signal to SIGKILL, such as 30s.'),
})
  .transform(({ signal, timeout }) => ({
    ...(signal !== undefined && { signal }),
    ...(timeout !== undefined && { timeoutMs: timeout }),
  }))
  .describe('How an instance is stopped.')

const scale = wholeNumber(0, 100, (input) => (isMapping(input) ? `scaling by load ({min, max, cpu}) is ${LATER}` : undefined))

const processSettings = mapping({
  scale: scale.exactOptional().describe('How many instances run.'),
  command: command().exactOptional().describe("What is run; wins over the Procfile's."),
  health: health.exactOptional(),
  stop: stop.exactOptional(),
  memory: size().exactOptional().describe('The memory that one instance may use, such as 512M. Needs containers.'),
  cpus: cores().exactOptional().describe('The cores that one instance may use, such as 0.5. Needs containers.'),
}).transform(({ memory, cpus, ...settings }) => ({
  ...settings,
  ...((memory !== undefined || cpus !== undefined) && {
    limits: { ...(memory !== undefined && { memoryBytes: memory }), ...(cpus !== undefined && { cpus }) },
  }),
}))

/** `release` has a key of its own, and `x-` keys are free. */
const processType = z.string().regex(new RegExp(`^(?!release$|x-)${PROCESS_TYPE.source.slice(1)}`), {
  error: ({ input }) =>
    input === 'release'
      ? 'release is not a process type; its command goes to the key "release" at the top'
      : PROCESS_TYPE_EXPECTED,
})

export const appSchema = mapping({
  name: appName().exactOptional().describe("The app's name."),
  build: build.exactOptional(),
  env: environment().exactOptional().describe('Environment of every process.'),
  processes: z
    .record(processType, processSettings, { error: 'expected a mapping of process types' })
    .exactOptional()
    .describe("Process types, with the same names as the Procfile's; web gets the traffic."),
  release: command().exactOptional().describe("Runs once per release, before it goes live; wins over the Procfile's."),
  routes: routes.exactOptional().describe('What the app answers to. Default: <app>.<platform domain> → web.'),
  cron: notYet('commands that run on a schedule.'),
  services: notYet('databases and the like.'),
  volumes: notYet('folders that outlive a release.'),
  dependsOn: notYet('apps that must run before this one.'),
})

function isMapping(input: unknown): boolean {
  return typeof input === 'object' && input !== null && !Array.isArray(input)
}
