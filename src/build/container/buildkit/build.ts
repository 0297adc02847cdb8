import { Readable } from 'node:stream'
import { TrimtabError } from '../../../errors.ts'
import { cacheMounts } from '../../fork.ts'
import type { Work } from '../../workshop.ts'
import { type DockerBuild, failedBuild, noImage, optionsOf } from '../docker-build.ts'
import { follow, type Progress } from '../progress.ts'
import type { Yard } from '../yard.ts'
import { openSession } from './session.ts'
import { Trace } from './trace.ts'

/** Has BuildKit build it, in the engine, with the secrets that it names. Gives the id of the image that comes out. */
export async function buildWithBuildKit(yard: Yard, work: Work, build: DockerBuild): Promise<string> {
  const { engine } = yard
  const { plan, builds, log, signal } = work
  const secrets = secretsOf(yard, build)
  if (builds.memoryBytes !== undefined || builds.cpus !== undefined) {
    log.line('       BuildKit builds this Dockerfile; builds.memory and builds.cpus do not hold there.')
  }
  const trace = new Trace(log, [...secrets.values()])
  const session = await openSession(engine, {
    secret: (id) => secrets.get(id) ?? null,
    credentials: (host) => yard.registries()[host === 'registry-1.docker.io' ? 'docker.io' : host] ?? null,
  })
  let id: string | null = null
  const seen = ({ id: kind, aux, stream }: Progress) => {
    if (kind === 'moby.buildkit.trace' && typeof aux === 'string') trace.take(aux)
    else if (typeof aux === 'object') id = aux.ID ?? id
    else if (stream !== undefined) log.write(Buffer.from(stream))
  }
  try {
    const known = optionsOf(builds, build)
    const buildargs = { ...known.buildargs, ...cacheMounts(plan.app) }
    const options = { ...known, buildargs, version: '2', session: session.id }
    await follow(await begin(engine.docker.modem, Readable.from(build.context), options, signal), seen, signal)
  } catch (thrown) {
    trace.end()
    throw failedBuild(thrown, yard, work, build.file, trace.failed === '' ? '' : `${trace.failed} failed: `)
  } finally {
    session.end()
  }
  trace.end()
  if (id === null) throw noImage(build)
  return id
}

/** dockerode's own call opens a session of its own, which has nothing but credentials. */
function begin(modem: Yard['engine']['docker']['modem'], file: Readable, options: object, abortSignal: AbortSignal) {
  return new Promise<NodeJS.ReadableStream>((resolve, reject) => {
    const request = { path: '/build?', method: 'POST', file, options, abortSignal, isStream: true, statusCodes: { 200: true } }
    modem.dial(request, (error, answer) => (error ? reject(error) : resolve(answer as NodeJS.ReadableStream)))
  })
}

function secretsOf(yard: Yard, { secrets }: DockerBuild): Map<string, string> {
  const known = yard.secrets()
  const missing = secrets.filter((name) => !Object.hasOwn(known, name))
  if (missing.length > 0) {
    const message = `app.yaml build.dockerfile.secrets: there is no secret ${missing.join(' and no ')} in platform.yaml.`
    throw new TrimtabError('BuildFailed', message)
  }
  return new Map(secrets.map((name) => [name, known[name] ?? '']))
}
