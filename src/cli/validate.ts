import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { Command } from 'commander'
import type { Manifest, PlatformSpec } from '../domain.ts'
import { TrimtabError } from '../errors.ts'
import { act, examples } from './context.ts'
import { printable } from './render/text.ts'

export function addValidate(program: Command): void {
  program
    .command('validate')
    .description('check app.yaml and Procfile of a folder, and platform.yaml, without a server')
    .argument('[dir]', 'folder of the app', '.')
    .option('--json', 'print {ok, files, problems}')
    .addHelpText(
      'after',
      examples('trimtab validate', 'trimtab validate services/shop', 'trimtab validate --config platform.yaml'),
    )
    .action(
      act<[string, { json?: true }]>(async ({ config, configGiven, env, say, json }, dir, options) => {
        const app = await checkApp(resolve(dir))
        const platform = await checkPlatform(configGiven ? config : join(resolve(dir), 'platform.yaml'), configGiven, env)
        const together = await checkTogether(app.found, platform.found)
        const files = [...app.files, ...platform.files]
        const problems = [...app.problems, ...platform.problems, ...together]
        if (options.json) json({ ok: problems.length === 0, files, problems })
        else if (problems.length > 0) say(printable(problems.join('\n')))
        else say(files.length > 0 ? `${files.join(', ')}: fine.` : 'Neither app.yaml nor Procfile here: every default applies.')
        return problems.length > 0 ? 1 : 0
      }),
    )
}

interface Checked<T> {
  files: string[]
  /** What the files say, where there are any and they are valid. */
  found: T | null
  problems: string[]
}

async function checkApp(dir: string): Promise<Checked<Manifest>> {
  const { parseManifest } = await import('../manifest/manifest.ts')
  const [appYaml, procfile] = await Promise.all([readIfThere(join(dir, 'app.yaml')), readIfThere(join(dir, 'Procfile'))])
  const files = [...(appYaml === null ? [] : ['app.yaml']), ...(procfile === null ? [] : ['Procfile'])]
  return { files, ...attempt(() => parseManifest({ appYaml, procfile })) }
}

async function checkPlatform(file: string, required: boolean, env: NodeJS.ProcessEnv): Promise<Checked<PlatformSpec>> {
  const text = await readIfThere(file)
  if (text === null && required) throw new TrimtabError('ConfigInvalid', `There is no ${file}.`)
  if (text === null) return { files: [], found: null, problems: [] }
  const { parsePlatform } = await import('../config/platform.ts')
  return { files: ['platform.yaml'], ...attempt(() => parsePlatform(text, { file, env })) }
}

/** Whether this platform can do what the app asks for; where there is none at hand, that shows at the first commit. */
async function checkTogether(manifest: Manifest | null, platform: PlatformSpec | null): Promise<string[]> {
  if (!manifest || !platform) return []
  const { requireAbilities } = await import('../release/abilities.ts')
  return attempt(() => requireAbilities(manifest, platform)).problems
}

function attempt<T>(work: () => T): { found: T | null; problems: string[] } {
  try {
    return { found: work(), problems: [] }
  } catch (error) {
    if (error instanceof TrimtabError) return { found: null, problems: error.message.split('\n') }
    throw error
  }
}

async function readIfThere(file: string): Promise<Buffer | null> {
  try {
    return await readFile(file)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw new TrimtabError('NotFound', `Cannot read ${file}: ${error instanceof Error ? error.message : error}`, { cause: error })
  }
}
