/** platform.yaml: every key of it, once, for the parser, the types and the editors' JSON Schema. */
import { validate as isCron } from 'node-cron'
import { z } from 'zod'
import { duration, parseDuration } from '../manifest/duration.ts'
import { environment } from '../manifest/environment.ts'
import { didYouMean } from '../manifest/suggest.ts'
import { appName, distinct, hostName, LATER, mapping, notYet, oneOf, text, wholeNumber } from '../manifest/values.ts'
import { addressProblem } from './address.ts'
import { branchName, folder, listen, portRange, secretText } from './values.ts'

const POLL = 'expected a duration from 1s to 24h such as 30s, or a cron expression such as "*/5 * * * *"'

const poll = z
  .string({ error: POLL })
  .max(100, { error: POLL, abort: true })
  .refine((written) => isPollInterval(written) || isSchedule(written), { error: POLL })
  .transform((written) => (isPollInterval(written) ? { everyMs: parseDuration(written) ?? 0 } : { cron: written.trim() }))

function isPollInterval(written: string): boolean {
  const ms = parseDuration(written)
  return ms !== null && ms >= 1000 && ms <= 86_400_000
}

function isSchedule(written: string): boolean {
  return parseDuration(written) === null && isCron(written)
}

const RUNTIMES = ['auto', 'process'] as const

function laterKind(names: string[]): (input: string) => string | undefined {
  return (input) => (names.includes(input) ? `${input} is ${LATER}` : undefined)
}

const laterRuntime = laterKind(['docker', 'swarm'])

const runtime = z.union(
  [
    z.enum(RUNTIMES),
    mapping({
      kind: oneOf(RUNTIMES, laterRuntime).describe(
        'process: local processes. auto: the best there is; in this version, process.',
      ),
      ports: portRange().exactOptional().describe('Ports the instances may take. Default: 20000-29999.'),
    }),
  ],
  {
    error: ({ input }) => {
      const expected = 'expected auto, process, or a mapping such as {kind: process, ports: 20000-29999}'
      return typeof input === 'string' ? (laterRuntime(input) ?? expected + didYouMean(input, RUNTIMES)) : expected
    },
  },
)

const router = mapping({
  kind: oneOf(['embedded'], laterKind(['traefik']))
    .default('embedded')
    .describe("embedded: trimtab's own reverse proxy."),
  listen: listen(1).exactOptional().describe('Where requests come in. Default: 127.0.0.1:8080.'),
  run: notYet('how Traefik runs.'),
  binary: notYet('the Traefik binary.'),
  image: notYet('the Traefik image.'),
  https: notYet('where HTTPS requests come in.'),
  routes: notYet("the folder of an external Traefik's dynamic files."),
  api: notYet("the address of an external Traefik's API."),
})

const builds = mapping({
  concurrency: wholeNumber(1, 64).exactOptional().describe('How many builds run at a time. Default: 2.'),
  timeout: duration('1s', '24h').exactOptional().describe('How long a build may take. Default: 15m.'),
  ca: text('expected the path of a file of CA certificates', /^[^\0]+$/)
    .exactOptional()
    .describe('CA certificates for builds, as a PEM file.'),
  env: environment().exactOptional().describe('Environment of every build, such as the address of a package mirror.'),
  memory: notYet('a limit of memory.'),
  cpus: notYet('a limit of CPU.'),
})

const auth = mapping({
  token: secretText().exactOptional().describe(`An access token, as "\${NAME}" from the environment.`),
  username: secretText().exactOptional(),
  password: secretText().exactOptional().describe(`As "\${NAME}" from the environment.`),
}).transform(({ token, username, password }, context) => {
  if (token !== undefined && username === undefined && password === undefined) return { token }
  if (token === undefined && username !== undefined && password !== undefined) return { username, password }
  context.issues.push({ code: 'custom', input: undefined, message: 'takes either a token, or a username and a password' })
  return z.NEVER
})

const repo = z
  .string({ error: 'expected the address of a git repository' })
  .max(2000, { error: 'is too long for an address', abort: true })
  .superRefine((address, context) => {
    const message = addressProblem(address)
    if (message !== null) context.addIssue({ code: 'custom', message })
  })

const app = mapping(
  {
    name: appName().describe('Lower-case letters, digits and -.'),
    repo: repo.describe('A path, file:///path, https://host/path, ssh://user@host/path or user@host:path.'),
    branch: branchName().exactOptional().describe("Default: the remote's HEAD."),
    path: folder().default('').describe('Folder of the app inside the repository. Default: its root.'),
    auth: auth.exactOptional().describe('For http(s) addresses: {token} or {username, password}.'),
    webhook: notYet('deliveries of the git host.'),
    verify: notYet('signed commits only.'),
    forge: notYet("the git host's own interface."),
    previews: notYet('an instance for each pull request.'),
  },
  'expected a mapping such as {name: hello, repo: ./hello.git}',
)

export const platformSchema = mapping({
  domain: hostName().exactOptional().describe('Apps answer to <app>.<domain>. Default: apps.localhost.'),
  state: text('expected the path of a folder', /^[^\0]+$/)
    .exactOptional()
    .describe('Where trimtab keeps what it knows. Default: ./.trimtab beside this file.'),
  poll: poll.exactOptional().describe('How often remote repositories are asked: a duration or a cron expression. Default: 30s.'),
  http: mapping({
    listen: listen(0).exactOptional().describe('Default: 127.0.0.1:8700.'),
  })
    .exactOptional()
    .describe("trimtab's own HTTP interface."),
  runtime: runtime.exactOptional().describe('What runs the apps. Default: auto.'),
  router: router.exactOptional().describe('What brings requests to the apps.'),
  builds: builds.exactOptional().describe('Applies to every build.'),
  apps: z
    .array(app, { error: 'expected a list of apps (write [] for none)' })
    .superRefine(...distinct(({ name }) => (typeof name === 'string' ? name : undefined), 'has the same name as apps'))
    .describe('The apps; [] for none.'),
  git: mapping({
    allow: z
      .array(oneOf(['https', 'ssh', 'http', 'file']), { error: 'expected a list such as [https, ssh]' })
      .exactOptional()
      .describe('The remote transports that may be used. This file itself may always name http, file and paths.'),
  })
    .exactOptional()
    .describe('Limits of what git may be asked to do.'),
  fleet: notYet('the list of apps in a repository of its own.'),
})
