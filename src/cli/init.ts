import { realpath, writeFile } from 'node:fs/promises'
import { dirname, join, relative, resolve } from 'node:path'
import type { Command } from 'commander'
import { TrimtabError } from '../errors.ts'
import { packageRoot } from '../package.ts'
import { indent } from '../text.ts'
import { act, type Context, examples } from './context.ts'
import type { Proposal } from './init/propose.ts'

interface Options {
  dryRun?: true
  platform?: true
}

export function addInit(program: Command): void {
  program
    .command('init')
    .description('propose app.yaml and Procfile for a folder; files that are there stay as they are')
    .argument('[dir]', 'folder of the app', '.')
    .option('--dry-run', 'show the files, write nothing')
    .option('--platform', 'write a minimal platform.yaml too, where there is none')
    .addHelpText('after', examples('trimtab init --dry-run', 'trimtab init services/shop', 'trimtab init --platform'))
    .action(
      act<[string, Options]>(async (context, given, options) => {
        const dir = await realpath(resolve(given)).catch((error) => {
          throw new TrimtabError('NotFound', `There is no folder ${given}.`, { cause: error })
        })
        const [{ look }, { propose, LOOKED_FOR }] = await Promise.all([import('./init/look.ts'), import('./init/propose.ts')])
        const folder = await look(dir)
        const proposal = propose(folder)
        if (proposal === null) throw unknownKind(dir, LOOKED_FOR)
        context.say(`${dir} looks like ${proposal.kind}.`)
        await writeAppFiles(context, dir, proposal, folder.contents.Procfile, options)
        await tellPlatform(context, dir, proposal, options)
        if (!options.dryRun) context.say('What is committed is what runs: commit these files, then start it with `trimtab up`.')
      }),
    )
}

async function writeAppFiles(
  context: Context,
  dir: string,
  proposal: Proposal,
  existing: string | undefined,
  options: Options,
): Promise<void> {
  const { appYaml, typesIn } = await import('./init/files.ts')
  const procfile = existing ?? proposal.procfile
  // Without a Procfile it is the buildpack that names processes: `web`, for every one that comes with trimtab.
  const types =
    procfile === undefined
      ? proposal.buildpack === undefined && proposal.dockerfile === undefined
        ? []
        : ['web']
      : typesIn(procfile)
  const schema = relative(dir, join(packageRoot, 'docs/app.schema.json'))
  await put(context, join(dir, 'app.yaml'), appYaml(proposal, types, schema), options)
  if (procfile === undefined)
    context.say(`No Procfile: the ${proposal.dockerfile === undefined ? 'buildpack' : 'image'} knows what to run.`)
  else await put(context, join(dir, 'Procfile'), procfile, options)
}

/** What the operator has to say about this app; platform.yaml itself is changed by nobody but its owner. */
async function tellPlatform(context: Context, dir: string, { name }: Proposal, options: Options): Promise<void> {
  const [{ repositoryOf, exists }, { platformEntry, platformYaml }] = await Promise.all([
    import('./init/look.ts'),
    import('./init/files.ts'),
  ])
  const repository = await repositoryOf(dir)
  if (repository === null)
    context.say('This is no git repository yet, and trimtab runs commits: git init && git add . && git commit -m "First"')
  const { root, path } = repository ?? { root: dir, path: '' }
  const folder = dirname(context.config)
  const near = relative(await realpath(folder).catch(() => folder), root)
  const entry = platformEntry({ name, repo: near === '' ? '.' : near.startsWith('..') ? root : `./${near}`, path })
  if (await exists(context.config)) return context.say(`Add it to ${context.config} under apps:\n${entry}`)
  const text = platformYaml(entry, relative(folder, join(packageRoot, 'docs/platform.schema.json')))
  if (options.platform) return put(context, context.config, text, options)
  context.say(`There is no ${context.config} yet. It could be this (--platform writes it):\n${indent(text)}`)
}

/** Never writes over anything, nor through a link. */
async function put({ say }: Context, file: string, text: string, { dryRun }: Options): Promise<void> {
  const { exists } = await import('./init/look.ts')
  if (await exists(file)) return say(`kept ${file}: it is there already`)
  if (dryRun) return say(`would write ${file}:\n${indent(text)}`)
  await writeFile(file, text, { flag: 'wx' })
  say(`wrote ${file}`)
}

function unknownKind(dir: string, lookedFor: string): TrimtabError {
  return new TrimtabError('NoBuildpack', `${dir} looks like nothing a buildpack knows. Looked for ${lookedFor}.`)
}
