import { TrimtabError } from '../../src/errors.ts'
import { parseManifest } from '../../src/manifest/manifest.ts'

/** The lines of the error with which the two files are refused. */
export function problemsOf(appYaml: Buffer | string | null, procfile: Buffer | string | null = null): string[] {
  try {
    parseManifest({ appYaml, procfile })
  } catch (thrown) {
    if (thrown instanceof TrimtabError && thrown.code === 'ManifestInvalid' && !thrown.retry) return thrown.message.split('\n')
    throw thrown
  }
  return []
}
