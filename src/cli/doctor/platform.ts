/** platform.yaml, and the `up` that runs on its state. */
import { readFile } from 'node:fs/promises'
import type { PlatformSpec } from '../../domain.ts'
import { TrimtabError } from '../../errors.ts'
import type { Context } from '../context.ts'
import { type Check, fail, ok, warn } from './check.ts'

/** The spec is null where there is none that can be used. */
export async function checkFile({ config, env }: Context): Promise<{ check: Check; spec: PlatformSpec | null }> {
  let text: Buffer
  try {
    text = await readFile(config)
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT'
    const check = missing
      ? warn('platform.yaml', `there is no ${config}`, '`trimtab init --platform` writes one; or name it with --config FILE')
      : fail(
          'platform.yaml',
          `cannot read ${config} (${(error as NodeJS.ErrnoException).code})`,
          'Give this user the right to read it',
        )
    return { check, spec: null }
  }
  const { parsePlatform } = await import('../../config/platform.ts')
  try {
    const spec = parsePlatform(text, { file: config, env })
    return { check: ok('platform.yaml', `${config}, ${spec.apps.length} ${spec.apps.length === 1 ? 'app' : 'apps'}`), spec }
  } catch (error) {
    if (!(error instanceof TrimtabError)) throw error
    return { check: fail('platform.yaml', error.message, `Correct ${config}; \`trimtab validate\` checks it`), spec: null }
  }
}

/** Whether `up` answers, and on which runtime (null: it does not, which is no fault). */
export async function checkRunning(context: Context): Promise<{ check: Check; runtime: string | null }> {
  const { NotRunning } = await import('../../http/request.ts')
  try {
    const { version, pid, runtime, router } = await (await context.client()).version()
    return { check: ok('up', `${version} runs (pid ${pid}, runtime ${runtime}, router ${router})`), runtime }
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    const check =
      error instanceof NotRunning
        ? ok('up', 'not running; start it with `trimtab up`')
        : warn('up', why, 'See the output of `trimtab up`')
    return { check, runtime: null }
  }
}
