import { randomBytes } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import type { BuildsSpec, Image } from '../../domain.ts'
import { Refusal, translated } from '../../engine/engine.ts'
import { TrimtabError } from '../../errors.ts'
import { readPlainFile, removeTree } from '../files.ts'
import { diskFull, saysDiskFull } from '../space.ts'
import type { Work } from '../workshop.ts'
import { adopt } from './adopt.ts'
import { archive } from './archive.ts'
import { dockerignore } from './dockerignore.ts'
import { Complaint, follow } from './progress.ts'
import { addressOf } from './pull.ts'
import { buildsNetwork } from './spec.ts'
import { Steps } from './steps.ts'
import { ENGINE_DISK } from './trouble.ts'
import type { Yard } from './yard.ts'

/** Arguments that every Dockerfile knows and no image keeps (docs.docker.com, "Predefined ARGs"). */
export const PROXIES = ['HTTP_PROXY', 'HTTPS_PROXY', 'FTP_PROXY', 'ALL_PROXY', 'NO_PROXY'].flatMap((name) => [
  name,
  name.toLowerCase(),
])

/** Has the engine build the app's Dockerfile. What its RUN lines do is up to them: they are root in their containers. */
export async function buildDockerfile(yard: Yard, work: Work, path: string): Promise<Image> {
  const { plan, log } = work
  const { app, commit, key } = plan
  const started = yard.now()
  const scratch = join(yard.folder, `${key}.${randomBytes(8).toString('hex')}`)
  mkdirSync(scratch, { recursive: true, mode: 0o700 })
  try {
    await yard.source.export(app, commit, app.path, scratch, { omit: ['app.yaml'] })
    if (readPlainFile(join(scratch, path), 1024 * 1024) === null) {
      throw new TrimtabError('BuildFailed', `app.yaml build.dockerfile: there is no file ${path} at this commit.`)
    }
    await yard.containers.ensureNetwork()
    const id = await run(yard, work, path, scratch)
    const durationMs = yard.now() - started
    log.line(`-----> Build succeeded in ${(durationMs / 1000).toFixed(1)}s`)
    const builtAt = new Date(yard.now()).toISOString()
    return await adopt(yard, id, key, {
      app: app.name,
      commit,
      packs: [{ name: path, detected: 'Dockerfile' }],
      builtAt,
      durationMs,
    })
  } finally {
    await removeTree(scratch).catch(() => {})
  }
}

/** Id of the image that comes out. */
async function run({ engine, platform, registries, layers }: Yard, work: Work, path: string, dir: string): Promise<string> {
  const { plan, builds, log, signal } = work
  const context = archive([{ from: dir, to: '' }], [], dockerignore(readPlainFile(join(dir, '.dockerignore'), 64 * 1024), path))
  const steps = new Steps(log)
  try {
    const answer = await engine.docker.buildImage(Readable.from(context), {
      dockerfile: path,
      buildargs: { ...pick(builds.env, PROXIES), ...plan.settings.env },
      networkmode: buildsNetwork(platform),
      rm: true,
      forcerm: true,
      ...limits(builds),
      registryconfig: configOf(registries()),
      abortSignal: signal,
    })
    await follow(answer, (progress) => steps.take(progress), signal)
    await layers.replace(plan.app.name, steps.layers)
  } catch (thrown) {
    layers.add(plan.app.name, steps.layers)
    signal.throwIfAborted()
    const error = thrown instanceof Complaint || thrown instanceof TrimtabError ? thrown : translated(thrown, engine.socket)
    if (!(error instanceof Complaint || error instanceof Refusal)) throw error
    if (saysDiskFull(error.message) || /no space left/i.test(error.message)) throw diskFull(ENGINE_DISK, error.message)
    throw new TrimtabError('BuildFailed', `${path}: ${steps.current}${error.message}\n${log.lastLines(20)}`, { cause: error })
  }
  if (steps.id === null) throw new TrimtabError('BuildFailed', `${path}: the engine built it and gave no image.`, { retry: true })
  return steps.id
}

function limits({ memoryBytes, cpus }: BuildsSpec) {
  return {
    ...(memoryBytes !== undefined && { memory: memoryBytes, memswap: memoryBytes }),
    ...(cpus !== undefined && { cpuperiod: 100_000, cpuquota: Math.round(cpus * 100_000) }),
  }
}

/** For images that a Dockerfile begins from. */
function configOf(registries: ReturnType<Yard['registries']>) {
  return Object.fromEntries(Object.entries(registries).map(([host, login]) => [addressOf(host), login]))
}

function pick(env: Record<string, string>, names: string[]): Record<string, string> {
  return Object.fromEntries(Object.entries(env).filter(([name]) => names.includes(name)))
}
