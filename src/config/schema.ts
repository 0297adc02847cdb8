/** platform.yaml: every key of it, once, for the parser, the types and the editors' JSON Schema. */
import { validate as isCron } from 'node-cron'
import { z } from 'zod'
import { duration, parseDuration } from '../manifest/duration.ts'
import { environment } from '../manifest/environment.ts'
import { didYouMean } from '../manifest/suggest.ts'
import {
  appName,
  cores,
  distinct,
  hostName,
  imageName,
  LATER,
  mapping,
  notYet,
  oneOf,
  size,
  text,
  wholeNumber,
} from '../manifest/values.ts'
import { addressProblem } from './address.ts'
import { artifacts, bases } from './artifact-schema.ts'
import { routerSchema } from './router-schema.ts'
import { branchName, flag, folder, listen, network, portRange, registry, registryAddress, secretText, subnet } from './values.ts'

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

const RUNTIMES = ['auto', 'process', 'docker'] as const

function laterKind(names: string[]): (input: string) => string | undefined {
  return (input) => (names.includes(input) ? `${input} is ${LATER}` : undefined)
}

const laterRuntime = laterKind(['swarm'])

const runtime = z.union(
  [
    z.enum(RUNTIMES),
    mapping({
      kind: oneOf(RUNTIMES, laterRuntime).describe(
        'docker: containers. process: local processes. auto: docker where an engine answers that has the stack image, else process.',
      ),
      ports: portRange().exactOptional().describe('process: ports the instances may take. Default: 20000-29999.'),
      socket: text('expected the path of a socket such as /var/run/docker.sock', /^\/[^\0]*$/)
        .exactOptional()
        .describe("docker: the engine's socket. Default: DOCKER_HOST's, or /var/run/docker.sock."),
      name: text('expected a name of lower-case letters, digits and -, at most 40 long', /^[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?$/)
        .exactOptional()
        .describe('docker: tells platforms on one engine apart. Default: made from the state folder.'),
      network: network().exactOptional().describe("docker: the network of the instances. Default: one of the platform's own."),
      subnet: subnet().exactOptional().describe('docker: its addresses, such as 10.86.0.0/16. Default: what is free.'),
    }),
  ],
  {
    error: ({ input }) => {
      const expected = 'expected auto, process, docker, or a mapping such as {kind: process, ports: 20000-29999}'
      return typeof input === 'string' ? (laterRuntime(input) ?? expected + didYouMean(input, RUNTIMES)) : expected
    },
  },
)

const builds = mapping({
  concurrency: wholeNumber(1, 64).exactOptional().describe('How many builds run at a time. Default: 2.'),
  timeout: duration('1s', '24h').exactOptional().describe('How long a build may take. Default: 15m.'),
  ca: text('expected the path of a file of CA certificates', /^[^\0]+$/)
    .exactOptional()
    .describe('CA certificates for builds, as a PEM file.'),
  env: environment().exactOptional().describe('Environment of every build, such as the address of a package mirror.'),
  memory: size().exactOptional().describe('Memory that one build in a container may use, such as 2G.'),
  cpus: cores().exactOptional().describe('Cores that one build in a container may use.'),
  disk: size().exactOptional().describe('Disk space that one build in a container may use, its cache included. Default: 10G.'),
  pids: wholeNumber(64, 1_000_000).exactOptional().describe('Processes that one build in a container may have. Default: 4096.'),
})

const ownRegistry = mapping({
  url: registryAddress().describe('Host, port and the beginning of the names, such as registry.example.com:5000/acme.'),
  auth: mapping({ username: secretText(), password: secretText().describe(`As "\${NAME}" from the environment.`) })
    .exactOptional()
    .describe('Default: what `registries` has for its host.'),
  insecure: flag().exactOptional().describe('For an http address that is not on this machine; the engine has to allow it too.'),
}).describe('docker: where built images are kept besides the engine.')

const registries = z
  .record(
    registry(),
    mapping({ username: secretText(), password: secretText().describe(`As "\${NAME}" from the environment.`) }),
    { error: 'expected a mapping of registry hosts to {username, password}' },
  )
  .describe('Credentials for image registries, by host.')

const secrets = z
  .record(
    text('expected a name of lower-case letters, digits and -', /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/),
    z.string({ error: 'is no text; put it in quotes' }).min(1, { error: 'is empty' }).max(65_536, { error: 'is too long' }),
    { error: 'expected a mapping of names to secrets' },
  )
  .describe(`What apps may name as {secret: name}; write the values as "\${NAME}" from the environment.`)

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
  router: routerSchema.exactOptional().describe('What brings requests to the apps.'),
  builds: builds.exactOptional().describe('Applies to every build.'),
  stack: mapping({
    image: imageName().describe('Default: trimtab/stack:bookworm, which "trimtab stack build" makes.'),
  })
    .exactOptional()
    .describe('docker: the image that builds begin from, and that runs what they make.'),
  bases: bases.exactOptional(),
  artifacts: artifacts.exactOptional(),
  registries: registries.exactOptional(),
  registry: ownRegistry.exactOptional(),
  secrets: secrets.exactOptional(),
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

export type Parsed = z.output<typeof platformSchema>
