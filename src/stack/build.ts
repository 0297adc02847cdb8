/** Makes the image that container builds begin from out of Debian packages, where no registry can be reached. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Readable } from 'node:stream'
import { follow } from '../build/container/progress.ts'
import { type Engine, translated } from '../engine/engine.ts'
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

/** Streams the new system into the engine; nothing is written to this machine's disk but mmdebstrap's own scratch. */
export async function buildStack({ engine, name, recipe, line }: StackBuildOptions): Promise<StackBuilt> {
  // Asked first: to find out after a minute that there is no engine would be late.
  await engine.ask((docker) => docker.ping())
  const args = debstrapArgs(recipe, await ownSources(recipe.suite))
  // In a process group of its own: where its output is not taken, it sends SIGHUP to the whole of the one it is in.
  const child = spawn('mmdebstrap', args, { stdio: ['ignore', 'pipe', 'pipe'], detached: true })
  const failed = new Promise<never>((_, reject) => child.once('error', (error) => reject(notStarted(error))))
  const said = lastLines(child.stderr, line)
  const ended = once(child, 'close') as Promise<[number | null]>
  ended.catch(() => {})
  try {
    // The engine hangs up on whoever connects and says nothing for five minutes; a slow mirror may take longer.
    await Promise.race([failed, once(child.stdout, 'readable')])
    await Promise.race([failed, imported({ engine, name, recipe }, child)])
    const [code] = await ended
    if (code !== 0) throw notMade(code, said())
  } catch (error) {
    // An engine that is given half an archive only calls it broken; why mmdebstrap ended, only mmdebstrap knows.
    const isOver = child.stdout.readableEnded
    child.kill()
    // What nobody reads would keep it, and us, waiting.
    child.stdout.destroy()
    const [code] = await ended.catch(() => [null])
    throw isOver && code !== null && code !== 0 ? notMade(code, said(), error) : error
  }
  const { Id, Size } = await engine.ask((docker) => docker.getImage(name).inspect())
  return { id: Id, bytes: Size }
}

async function imported(
  { engine, name, recipe }: Pick<StackBuildOptions, 'engine' | 'name' | 'recipe'>,
  child: ChildProcess & { stdout: Readable },
): Promise<void> {
  const at = name.lastIndexOf(':')
  const [repo, tag] = at > name.lastIndexOf('/') ? [name.slice(0, at), name.slice(at + 1)] : [name, 'latest']
  try {
    const answer = await engine.docker.importImage(child.stdout, { repo, tag, changes: recipe.changes })
    await follow(answer, () => {}, new AbortController().signal)
  } catch (error) {
    throw translated(error, engine.socket)
  }
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
