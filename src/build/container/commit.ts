import type { Engine } from '../../engine/engine.ts'

/** What takes longer than this does not come to an end. */
const LIMIT_MS = 10 * 60_000

/** Makes an image of a container's file system and of this configuration. Nothing must be writing in it. */
export async function commit(engine: Engine, container: string, reference: string, config: object): Promise<void> {
  const at = reference.lastIndexOf(':')
  const query = { container, repo: reference.slice(0, at), tag: reference.slice(at + 1), pause: false }
  await engine.ask(
    (docker, abortSignal) => docker.getContainer(container).commit({ _query: query, _body: config, abortSignal }),
    LIMIT_MS,
  )
}
