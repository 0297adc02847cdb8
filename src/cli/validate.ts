import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { Command } from 'commander'
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
        const files = [...app.files, ...platform.files]
        const problems = [...app.problems, ...platform.problems]
        if (options.json) json({ ok: problems.length === 0, files, problems })
        else if (problems.length > 0) say(printable(problems.join('\n')))
        else say(files.length > 0 ? `${files.join(', ')}: fine.` : 'Neither app.yaml nor Procfile here: every default applies.')
        return problems.length > 0 ? 1 : 0
      }),
    )
}

interface Checked {
  files: string[]
  problems: string[]
}

async function checkApp(dir: string): Promise<Checked> {
  const { parseManifest } = await import('../manifest/manifest.ts')
  const [appYaml, procfile] = await Promise.all([readIfThere(join(dir, 'app.yaml')), readIfThere(join(dir, 'Procfile'))])
  const files = [...(appYaml === null ? [] : ['app.yaml']), ...(procfile === null ? [] : ['Procfile'])]
  return { files, problems: problemsOf(() => parseManifest({ appYaml, procfile })) }
}

async function checkPlatform(file: string, required: boolean, env: NodeJS.ProcessEnv): Promise<Checked> {
  const text = await readIfThere(file)
  if (text === null && required) throw new TrimtabError('ConfigInvalid', `There is no ${file}.`)
  if (text === null) return { files: [], problems: [] }
  const { parsePlatform } = await import('../config/platform.ts')
  return { files: ['platform.yaml'], problems: problemsOf(() => parsePlatform(text, { file, env })) }
}

function problemsOf(parse: () => unknown): string[] {
  try {
    parse()
    return []
  } catch (error) {
    if (error instanceof TrimtabError) return error.message.split('\n')
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
