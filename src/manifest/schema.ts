/** app.yaml: every key of it, once, for the parser, the types and the editors' JSON Schema. Durations come out in milliseconds. */
import { z } from 'zod'
import { build } from './build.ts'
import { duration } from './duration.ts'
import { environment } from './environment.ts'
import { routes } from './routes.ts'
import { steeringKeys } from './steering.ts'
import {
  appName,
  command,
  cores,
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
  ...steeringKeys,
})

function isMapping(input: unknown): boolean {
  return typeof input === 'object' && input !== null && !Array.isArray(input)
}
