/** An image from where it is kept for everybody. */
import type { Readable } from 'node:stream'
import { type Engine, Refusal } from '../../engine/engine.ts'
import { TrimtabError } from '../../errors.ts'

const PULL_MS = 10 * 60_000

/** Throws RouterUnavailable. */
export async function pullImage(engine: Engine, image: string): Promise<void> {
  // Without a tag the engine would pull them all.
  const full = /[:@][^/]*$/.test(image) ? image : `${image}:latest`
  try {
    await engine.ask(async (docker) => {
      const stream = (await docker.pull(full)) as Readable
      await new Promise<void>((resolve, reject) => {
        docker.modem.followProgress(stream, (error) => (error ? reject(error) : resolve()))
      })
    }, PULL_MS)
  } catch (cause) {
    if (!(cause instanceof Refusal) && !(cause instanceof TrimtabError)) throw cause
    const hint = `Bring it onto this machine (docker pull ${full}, docker load), or name another: router: {run: container, image: …}.`
    throw new TrimtabError(
      'RouterUnavailable',
      `The image ${full} is not there, and cannot be pulled: ${cause.message}. ${hint}`,
      {
        retry: true,
        cause,
      },
    )
  }
}
