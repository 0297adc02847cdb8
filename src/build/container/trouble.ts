import { type Engine, Refusal } from '../../engine/engine.ts'
import { TrimtabError } from '../../errors.ts'
import { diskFull, saysDiskFull } from '../space.ts'
import { SessionEnded } from './session.ts'

/** Whose disk is full, where it is not the state directory's. */
export const ENGINE_DISK = 'the Docker Engine'

/** What went wrong between trimtab and the engine, as an error of ours. */
export async function explained(error: unknown, engine: Engine): Promise<unknown> {
  if (error instanceof Refusal) {
    if (saysDiskFull(error.message) || /no space left/i.test(error.message)) return diskFull(ENGINE_DISK, error.message)
    const message = `The Docker Engine does not do what a build needs: ${error.message}`
    return new TrimtabError('BuildFailed', message, { retry: error.status >= 500, cause: error })
  }
  if (!(error instanceof SessionEnded)) return error
  // Throws RuntimeUnavailable where the engine has gone with it.
  await engine.ask((docker) => docker.ping())
  const message = "The build's container was ended from outside of the build: by somebody, or for want of memory."
  return new TrimtabError('BuildFailed', message, { retry: true, cause: error })
}
