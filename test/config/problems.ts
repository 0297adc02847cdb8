import { parsePlatform } from '../../src/config/platform.ts'
import { TrimtabError } from '../../src/errors.ts'

/** The lines of the error with which the file is refused. */
export function problemsOf(text: Buffer | string, env: Record<string, string> = {}): string[] {
  try {
    parsePlatform(text, { file: '/srv/ops/platform.yaml', env })
  } catch (thrown) {
    if (thrown instanceof TrimtabError && thrown.code === 'ConfigInvalid' && !thrown.retry) return thrown.message.split('\n')
    throw thrown
  }
  return []
}
