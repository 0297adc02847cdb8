/** Makes the image that container builds begin from out of Debian packages, where no registry can be reached. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Readable } from 'node:stream'
import { Complaint, follow } from '../build/container/progress.ts'
import { type Engine, isMissing, translated } from '../engine/engine.ts'
import { TrimtabError } from '../errors.ts'
import { debstrapArgs, type Recipe } from './recipe.ts'
import { ownSources } from './sources.ts'

export interface StackBuildOptions {
  engine: Engine
  /** What the image is called, with its tag. */
  name: string
  recipe: Recipe
  /** What is being done, a line at a time. */
  line: (text: string) => void
}

export interface StackBuilt {
  id: string
  bytes: number
}

/**
 * Streams the new system into the engine; nothing is written to this machine's disk but mmdebstrap's own scratch. Only a whole one is
 * given the name, and the image that had it goes, unless something is made of it.
 */
export async function buildStack({ engine, name, recipe, line }: StackBuildOptions): Promise<StackBuilt> {
  // Asked first: to find out after a minute that there is no engine would be late.
  const former = await idOf(engine, name)
  const child = spawn('mmdebstrap', debstrapArgs(recipe, await ownSources(recipe.suite)), { stdio: ['ignore', 'pipe', 'pipe'] })
  const failed = new Promise<never>((_, reject) => child.once('error', (error) => reject(notStarted(error))))
  const said = lastLines(child.stderr, line)
  const ended = once(child, 'close') as Promise<[number | null]>
  ended.catch(() => {})
  let id: string | null = null
  try {
    // The engine hangs up on whoever connects and says nothing for five minutes; a slow mirror may take longer.
    await Promise.race([failed, once(child.stdout, 'readable')])
    id = await Promise.race([failed, imported(engine, recipe, child.stdout)])
    const [code] = await ended
    if (code !== 0) throw notMade(code, said())
  } catch (error) {
    child.kill()
    // What nobody reads would keep it, and us, waiting.
    child.stdout.destroy()
    const [code] = await ended.catch(() => [null])
    if (id !== null) await removeUnused(engine, id)
    // The engine takes what it has been given for a broken archive; why it is broken only mmdebstrap knows.
    throw code !== null && code !== 0 ? notMade(code, said(), error) : error
  }
  await giveName(engine, id, name)
  if (former !== null && former !== id) await removeUnused(engine, former)
  const { Size } = await engine.ask((docker) => docker.getImage(name).inspect())
  return { id, bytes: Size }
}

/** Gives the image's id. */
async function imported(engine: Engine, { changes }: Recipe, archive: Readable): Promise<string> {
  const said: string[] = []
  try {
    const answer = await engine.docker.importImage(archive, { changes })
    await follow(answer, ({ status }) => void said.push(status ?? ''), new AbortController().signal)
  } catch (error) {
    if (!(error instanceof Complaint)) throw translated(error, engine.socket)
    throw new TrimtabError('BuildFailed', `The Docker Engine does not take it: ${error.message}`, { cause: error })
  }
  const id = said.find((status) => status.startsWith('sha256:'))
  if (id === undefined) throw new TrimtabError('Internal', `The Docker Engine does not say what it imported: ${said.join(' ')}`)
  return id
}

async function giveName(engine: Engine, id: string, name: string): Promise<void> {
  const at = name.lastIndexOf(':')
  const [repo, tag] = at > name.lastIndexOf('/') ? [name.slice(0, at), name.slice(at + 1)] : [name, 'latest']
  await engine.ask((docker) => docker.getImage(id).tag({ repo, tag }))
}

async function idOf(engine: Engine, name: string): Promise<string | null> {
  try {
    return (await engine.ask((docker) => docker.getImage(name).inspect())).Id
  } catch (error) {
    if (isMissing(error)) return null
    throw error
  }
}

/** One without a name, unless something is made of it. */
async function removeUnused(engine: Engine, id: string): Promise<void> {
  const { RepoTags } = await engine.ask((docker) => docker.getImage(id).inspect())
  if ((RepoTags ?? []).length === 0) await engine.ask((docker) => docker.getImage(id).remove()).catch(() => {})
}

/** Passes its lines on, and gives the last ones when asked. */
function lastLines(stream: Readable, line: (text: string) => void): () => string {
  const kept: string[] = []
  let rest = ''
  stream.setEncoding('utf8').on('data', (text: string) => {
    // What moves on a terminal is no line.
    const lines = (rest + text).split(/\r?\n|\r/)
    rest = lines.pop() ?? ''
    for (const one of lines) {
      if (one.trim() === '') continue
      kept.push(one)
      if (kept.length > 10) kept.shift()
      line(one)
    }
  })
  return () => kept.join('\n')
}

function notStarted(error: Error): TrimtabError {
  const isMissing = (error as NodeJS.ErrnoException).code === 'ENOENT'
  const why = isMissing ? 'mmdebstrap is not installed: apt-get install mmdebstrap' : `mmdebstrap: ${error.message}`
  const hint = 'On another system, name an image of a registry instead (platform.yaml: stack: {image: …}).'
  return new TrimtabError('NotFound', `${why}. ${hint}`, { cause: error })
}

function notMade(code: number | null, said: string, cause?: unknown): TrimtabError {
  return new TrimtabError('BuildFailed', `mmdebstrap exited with ${code}. Its last words:\n${said}`, { cause })
}
