import { randomBytes } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { join, posix } from 'node:path'
import type { DockerfileSettings, Image } from '../../domain.ts'
import { TrimtabError } from '../../errors.ts'
import { appYamlIn } from '../context.ts'
import { readPlainFile, removeTree } from '../files.ts'
import type { Work } from '../workshop.ts'
import { adopt } from './adopt.ts'
import { archive } from './archive.ts'
import { buildWithBuildKit } from './buildkit/build.ts'
import { buildClassically } from './classic.ts'
import type { DockerBuild } from './docker-build.ts'
import { dockerignore } from './dockerignore.ts'
import type { Yard } from './yard.ts'

const DOCKERFILE_BYTES = 1024 * 1024
const IGNORE_BYTES = 64 * 1024

/** Has the engine build a Dockerfile. What its RUN lines do is up to them: they are root in their containers. */
export async function buildDockerfile(yard: Yard, work: Work, dockerfile: DockerfileSettings): Promise<Image> {
  const { plan, log } = work
  const { app, commit, key } = plan
  const started = yard.now()
  const scratch = join(yard.folder, `${key}.${randomBytes(8).toString('hex')}`)
  mkdirSync(scratch, { recursive: true, mode: 0o700 })
  try {
    const folder = dockerfile.context ?? app.path
    const file = placeOf(dockerfile.path, app.path, folder)
    await yard.source.export(app, commit, folder, scratch)
    const own = appYamlIn(folder, app)
    if (own !== null) await removeTree(join(scratch, own))
    const text = readPlainFile(join(scratch, file), DOCKERFILE_BYTES)
    if (text === null) throw missing(dockerfile)
    const build: DockerBuild = {
      context: archive([{ from: scratch, to: '' }], [], dockerignore(ignoreOf(scratch, file), file)),
      file,
      args: { ...plan.settings.env, ...dockerfile.args },
      target: dockerfile.target,
      secrets: dockerfile.secrets,
    }
    const id = await (needsBuildKit(text, dockerfile) ? buildWithBuildKit : buildClassically)(yard, work, build)
    const durationMs = yard.now() - started
    log.line(`-----> Build succeeded in ${(durationMs / 1000).toFixed(1)}s`)
    const builtAt = new Date(yard.now()).toISOString()
    const packs = [{ name: dockerfile.path, detected: 'Dockerfile' }]
    return await adopt(yard, id, key, { app: app.name, commit, packs, builtAt, durationMs })
  } finally {
    await removeTree(scratch).catch(() => {})
  }
}

/**
 * The classic builder is asked wherever it will do: its RUN lines are on the builds' own network and within the builds' limits, and
 * BuildKit in the engine knows neither. These it does not have: mounts, links, modes, texts between lines.
 */
function needsBuildKit(text: string, { secrets }: DockerfileSettings): boolean {
  const lines = text.replace(/\\\r?\n/g, ' ').split('\n')
  return (
    secrets.length > 0 ||
    lines.some((line) => /^\s*(RUN\s+(--\S+\s+)*--(mount|network|security)|(COPY|ADD)\s.*--(link|chmod)\b)/i.test(line)) ||
    lines.some((line) => /^\s*(RUN|COPY|ADD)\b.*<<-?["']?[A-Za-z_]\w*/i.test(line))
  )
}

/** Where the Dockerfile, in the app's folder, is in the context. */
function placeOf(path: string, app: string, context: string): string {
  const place = posix.relative(context === '' ? '.' : context, posix.join(app, path))
  if (!place.startsWith('../')) return place
  const where = JSON.stringify(posix.join(app, path))
  throw new TrimtabError(
    'BuildFailed',
    `app.yaml build.dockerfile: ${where} is not below the context ${JSON.stringify(context)}.`,
  )
}

/** One beside the Dockerfile counts before the one for all of the context (docs.docker.com/build/concepts/context). */
function ignoreOf(dir: string, file: string): string | null {
  return readPlainFile(join(dir, `${file}.dockerignore`), IGNORE_BYTES) ?? readPlainFile(join(dir, '.dockerignore'), IGNORE_BYTES)
}

function missing({ path }: DockerfileSettings): TrimtabError {
  return new TrimtabError('BuildFailed', `app.yaml build.dockerfile: there is no file ${path} at this commit.`)
}
