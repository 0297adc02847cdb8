import type { BuildsSpec } from '../../domain.ts'
import { Refusal, translated } from '../../engine/engine.ts'
import { TrimtabError } from '../../errors.ts'
import { diskFull, saysDiskFull } from '../space.ts'
import type { Work } from '../workshop.ts'
import { Complaint } from './progress.ts'
import { ENGINE_DISK } from './trouble.ts'
import type { Yard } from './yard.ts'

/** What the engine is given to build, and is told about it: the same for both of its builders. */
export interface DockerBuild {
  /** The context, as an archive. */
  context: AsyncIterable<Buffer>
  /** Path of the Dockerfile in the context. */
  file: string
  args: Record<string, string>
  target: string | undefined
  secrets: string[]
}

/** Arguments that every Dockerfile knows and no image keeps (docs.docker.com, "Predefined ARGs"). */
const PROXIES = ['HTTP_PROXY', 'HTTPS_PROXY', 'FTP_PROXY', 'ALL_PROXY', 'NO_PROXY'].flatMap((name) => [name, name.toLowerCase()])

/** What both builders understand. Of `builds.env` only that gets in which no image keeps. */
export function optionsOf({ env }: BuildsSpec, { file, args, target }: DockerBuild) {
  const proxies = Object.fromEntries(Object.entries(env).filter(([name]) => PROXIES.includes(name)))
  return {
    dockerfile: file,
    buildargs: { ...proxies, ...args },
    ...(target !== undefined && { target }),
    rm: true,
    forcerm: true,
  }
}

/** Why a build has failed, as an error of ours. `step`: where it was, `step 3/5 (RUN make) failed: `. */
export function failedBuild(thrown: unknown, yard: Yard, { log, signal }: Work, file: string, step: string): unknown {
  signal.throwIfAborted()
  const error = thrown instanceof Complaint || thrown instanceof TrimtabError ? thrown : translated(thrown, yard.engine.socket)
  if (!(error instanceof Complaint || error instanceof Refusal)) return error
  if (saysDiskFull(error.message) || /no space left/i.test(error.message)) return diskFull(ENGINE_DISK, error.message)
  return new TrimtabError('BuildFailed', `${file}: ${step}${error.message}\n${log.lastLines(20)}`, { cause: error })
}

export function noImage({ file }: DockerBuild): TrimtabError {
  return new TrimtabError('BuildFailed', `${file}: the engine built it and gave no image.`, { retry: true })
}
