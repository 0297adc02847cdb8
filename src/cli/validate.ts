import { readFile } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import type { Command } from 'commander'
import type { Manifest, PlatformSpec } from '../domain.ts'
import { TrimtabError } from '../errors.ts'
import { printable } from '../text.ts'
import { act, examples } from './context.ts'

export function addValidate(program: Command): void {
  program
    .command('validate')
    .description('check app.yaml, Procfile and .buildpacks of a folder, and platform.yaml, without a server')
    .argument('[dir]', "folder of the app; or a fleet's file, such as apps.yaml", '.')
    .option('--json', 'print {ok, files, problems}')
    .addHelpText(
      'after',
      examples(
        'trimtab validate',
        'trimtab validate services/shop',
        'trimtab validate --config platform.yaml',
        'trimtab validate apps.yaml',
      ),
    )
    .action(
      act<[string, { json?: true }]>(async ({ config, configGiven, env, say, json }, dir, options) => {
        const isList = /\.ya?ml$/.test(dir)
        const app = isList ? NO_APP : await checkApp(resolve(dir))
        const folder = isList ? dirname(resolve(dir)) : resolve(dir)
        const platform = await checkPlatform(configGiven ? config : join(folder, 'platform.yaml'), configGiven, env)
        const together = isList ? await checkFleet(dir, platform.found) : await checkTogether(app, platform.found)
        const files = [...app.files, ...(isList ? [basename(dir)] : []), ...platform.files]
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

interface CheckedApp extends Checked<Manifest> {
  /** The lines of `.buildpacks`. */
  packs: Array<{ text: string; line: number }>
}

const NO_APP: CheckedApp = { files: [], found: null, problems: [], packs: [] }

/** A list of apps, as `fleet:` of platform.yaml names it. */
async function checkFleet(file: string, platform: PlatformSpec | null): Promise<string[]> {
  const { parseFleet } = await import('../fleet/file.ts')
  const text = await readIfThere(file)
  if (text === null) throw new TrimtabError('NotFound', `There is no ${file}.`)
  return attempt(() => parseFleet(text, { fleet: { repo: '.', path: basename(file) }, git: platform?.git ?? null })).problems
}

async function checkApp(dir: string): Promise<CheckedApp> {
  const [{ parseManifest }, { packFileLines, packFileProblems }] = await Promise.all([
    import('../manifest/manifest.ts'),
    import('../manifest/buildpack.ts'),
  ])
  const names = ['app.yaml', 'Procfile', '.buildpacks']
  const contents = await Promise.all(names.map((name) => readIfThere(join(dir, name))))
  const files = names.filter((_, at) => contents[at] !== null)
  const [appYaml = null, procfile = null, packFile = null] = contents
  const { found, problems } = attempt(() => parseManifest({ appYaml, procfile }))
  // What app.yaml names wins, and the file is not read.
  const listed = found?.build.buildpacks ? '' : (packFile?.toString('utf8') ?? '')
  return { files, found, problems: [...problems, ...packFileProblems(listed)], packs: packFileLines(listed) }
}

async function checkPlatform(file: string, required: boolean, env: NodeJS.ProcessEnv): Promise<Checked<PlatformSpec>> {
  const text = await readIfThere(file)
  if (text === null && required) throw new TrimtabError('ConfigInvalid', `There is no ${file}.`)
  if (text === null) return { files: [], found: null, problems: [] }
  const { parsePlatform } = await import('../config/platform.ts')
  return { files: ['platform.yaml'], ...attempt(() => parsePlatform(text, { file, env })) }
}

/** Whether this platform can do what the app asks for; where there is none at hand, that shows at the first commit. */
async function checkTogether({ found: manifest, packs }: CheckedApp, platform: PlatformSpec | null): Promise<string[]> {
  if (!manifest || !platform) return []
  const [{ requireAbilities }, { isAddress, readAddress, transportProblem }] = await Promise.all([
    import('../release/abilities.ts'),
    import('../manifest/buildpack.ts'),
  ])
  const lines = manifest.build.buildpacks?.map((text, at) => ({ text, where: `app.yaml build.buildpacks[${at}]` }))
  const named = lines ?? packs.map(({ text, line }) => ({ text, where: `.buildpacks:${line}` }))
  const forbidden = named.flatMap(({ text, where }) => {
    const read = isAddress(text) ? readAddress(text) : { problem: 'told elsewhere' }
    const problem = 'problem' in read ? null : transportProblem(read.repo, platform.git.allow)
    return problem === null ? [] : [`${where}: ${JSON.stringify(text)}: ${problem}`]
  })
  return [...attempt(() => requireAbilities(manifest, platform)).problems, ...forbidden]
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
