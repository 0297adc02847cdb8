/** Traefik, in the form that platform.yaml gives it. */
import { execFile } from 'node:child_process'
import { constants } from 'node:fs'
import { access, stat } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'
import type { PlatformSpec, TraefikSpec } from '../../domain.ts'
import { type Check, fail, ok, warn } from './check.ts'
import { dockerOf } from './docker.ts'

const NAME = 'traefik'
const GET = 'Traefik v3: https://github.com/traefik/traefik/releases'

export async function checkTraefik(spec: PlatformSpec, env: NodeJS.ProcessEnv): Promise<Check[]> {
  const { router } = spec
  if (router.kind !== 'traefik') return []
  const { run } = router
  if (run.by === 'binary') return [await checkBinary(run.binary, env)]
  if (run.by === 'external') return Promise.all([checkApi(run), checkRoutes(run)])
  return [await checkImage(run.image, dockerOf(spec)?.socket, env)]
}

async function checkBinary(binary: string, env: NodeJS.ProcessEnv): Promise<Check> {
  const path = await pathOf(binary, env.PATH ?? '')
  const remedy = `${GET}; put it on the PATH, or name it: router: {kind: traefik, binary: …}`
  if (path === null) return fail(NAME, `${binary} is not found${binary.includes('/') ? '' : ' on the PATH'}`, remedy)
  try {
    const { stdout } = await promisify(execFile)(path, ['version'], { timeout: 5_000, killSignal: 'SIGKILL', maxBuffer: 65_536 })
    return judged(/^Version:\s*(\S+)/m.exec(stdout)?.[1], path)
  } catch (error) {
    const why = (error as NodeJS.ErrnoException).code ?? (error instanceof Error ? error.message.split('\n', 1)[0] : '')
    return fail(NAME, `${path} does not run (${why})`, remedy)
  }
}

/** A build from source calls itself "dev"; it may well be a v3. */
function judged(version: string | undefined, where: string): Check {
  if (version === undefined) return fail(NAME, `${where} is no Traefik`, GET)
  if (version === 'dev') return ok(NAME, `${where}, built from source (it does not say which version; v3 is what is needed)`)
  return /^v?3\./.test(version) ? ok(NAME, `${version}, ${where}`) : fail(NAME, `${where} is version ${version}`, GET)
}

async function pathOf(program: string, path: string): Promise<string | null> {
  const candidates = program.includes('/')
    ? [program]
    : path.split(delimiter).flatMap((dir) => (dir === '' ? [] : join(dir, program)))
  for (const candidate of candidates) {
    const usable = await access(candidate, constants.X_OK).then(
      () => true,
      () => false,
    )
    if (usable && (await stat(candidate)).isFile()) return candidate
  }
  return null
}

async function checkImage(image: string, socket: string | undefined, env: NodeJS.ProcessEnv): Promise<Check> {
  const { createEngine, isMissing, socketOf } = await import('../../engine/engine.ts')
  try {
    const engine = createEngine(socketOf(socket, env))
    const { Id } = await engine.ask((docker) => docker.getImage(image).inspect(), 5_000)
    return ok(NAME, `${image} (${Id.replace('sha256:', '').slice(0, 12)})`)
  } catch (error) {
    const remedy = `docker load, where no registry can be reached`
    if (isMissing(error)) return warn(NAME, `the image ${image} is not there yet: \`trimtab up\` pulls it`, remedy)
    return fail(NAME, `whether the image ${image} is there cannot be told`, 'Docker has to run first')
  }
}

type External = Extract<TraefikSpec['run'], { by: 'external' }>

async function checkApi({ api }: External): Promise<Check> {
  const remedy =
    'Start Traefik with --api=true and an entry point for it that trimtab reaches (docs/traefik.md), or correct router.api'
  const asked = async (path: string) => {
    const answer = await fetch(`${api}${path}`, { signal: AbortSignal.timeout(5_000), redirect: 'error' })
    if (!answer.ok) throw new Error(`status ${answer.status}`)
    return (await answer.json()) as unknown
  }
  try {
    const { Version } = (await asked('/api/version')) as { Version?: string }
    const check = judged(Version, api)
    if (check.level !== 'ok') return check
    const { providers = [] } = (await asked('/api/overview')) as { providers?: string[] }
    if (providers.includes('File')) return check
    return fail(NAME, `${api} has no file provider`, 'Start Traefik with --providers.file.directory=… (docs/traefik.md)')
  } catch (error) {
    const { message, cause } = error as Error & { cause?: NodeJS.ErrnoException }
    return fail(NAME, `${api} does not answer as Traefik's API does (${cause?.code ?? message})`, remedy)
  }
}

async function checkRoutes({ routes }: External): Promise<Check> {
  const name = 'router.routes'
  try {
    await access(routes, constants.W_OK | constants.X_OK)
    if ((await stat(routes)).isDirectory()) return ok(name, routes)
    return fail(name, `${routes} is no folder`, "Name the folder that Traefik's file provider watches")
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    const remedy = "Make it, and give this user the right to write there; it is the folder that Traefik's file provider watches"
    return fail(name, `cannot write in ${routes} (${code})`, remedy)
  }
}
