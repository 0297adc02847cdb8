/** platform.yaml: every key of it, once, for the parser, the types and the editors' JSON Schema. */
import { z } from 'zod'
import { duration } from '../manifest/duration.ts'
import { environment } from '../manifest/environment.ts'
import { didYouMean } from '../manifest/suggest.ts'
import { cores, distinct, hostName, imageName, LATER, mapping, oneOf, size, text, wholeNumber } from '../manifest/values.ts'
import { artifacts, bases } from './artifact-schema.ts'
import { hooks, notify } from './notify-schema.ts'
import { routerSchema } from './router-schema.ts'
import { app, auth, fleets, forge, poll } from './source-schema.ts'
import { flag, listen, network, portRange, registry, registryAddress, secretText, subnet } from './values.ts'

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

const gitHost = text(
  'expected a host such as git.example.com, or one with its port',
  /^[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?(?::\d{1,5})?$/,
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
    credentials: z
      .record(gitHost, auth, { error: 'expected a mapping of hosts to credentials' })
      .exactOptional()
      .describe('What opens repositories, by host: for apps that name no auth.'),
    forges: z
      .record(gitHost, forge, { error: 'expected a mapping of hosts to forges' })
      .exactOptional()
      .describe('APIs of git hosts, by host: for apps that name no forge.'),
  })
    .exactOptional()
    .describe('Limits of what git may be asked to do.'),
  fleet: fleets.exactOptional(),
  hooks: hooks.exactOptional(),
  notify: notify.exactOptional(),
})

export type Parsed = z.output<typeof platformSchema>
