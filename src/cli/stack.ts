import type { Command } from 'commander'
import { TrimtabError } from '../errors.ts'
import { STACK_LANGUAGES } from '../stack/recipe.ts'
import { act, type Context, examples } from './context.ts'

interface Options {
  name?: string
  suite?: string
  languages?: string
}

export function addStack(program: Command): void {
  const stack = program
    .command('stack')
    .description('the image that builds in containers begin from')
    .addHelpText('after', examples('trimtab stack build'))
  stack
    .command('build')
    .description('make it from Debian packages with mmdebstrap, where no registry can be reached: some minutes')
    .option('--name <image>', 'what it is called (default: trimtab/stack:bookworm)')
    .option('--suite <name>', "Debian's release (default: bookworm)")
    .option(
      '--languages <names>',
      `what it has besides Node.js, Python and what Go needs (default: ${STACK_LANGUAGES.join(',')})`,
    )
    .addHelpText(
      'after',
      examples(
        'trimtab stack build',
        'trimtab stack build --languages ruby,java',
        'trimtab stack build --name trimtab/stack:trixie --suite trixie',
      ),
    )
    .action(act<[Options]>(build))
}

async function build(context: Context, { name, suite = 'bookworm', languages }: Options): Promise<void> {
  const [{ createEngine, socketOf }, { buildStack }, { stackRecipe }, { DEFAULT_STACK }, { spoken }] = await Promise.all([
    import('../engine/engine.ts'),
    import('../stack/build.ts'),
    import('../stack/recipe.ts'),
    import('../config/parts.ts'),
    import('./render/time.ts'),
  ])
  const engine = createEngine(socketOf(await configuredSocket(context), context.env))
  const image = name ?? DEFAULT_STACK
  const started = Date.now()
  const recipe = stackRecipe(suite, languagesOf(languages))
  const { id, bytes } = await buildStack({ engine, name: image, recipe, line: context.remark })
  const size = `${Math.round(bytes / 1_000_000)} MB`
  context.say(
    `${image} (${id.replace('sha256:', '').slice(0, 12)}) is on the engine: ${size}, made in ${spoken(Date.now() - started)}.`,
  )
  if (image !== DEFAULT_STACK) context.say(`To build on it, say so in platform.yaml:\n  stack: {image: "${image}"}`)
}

function languagesOf(names: string | undefined): string[] | undefined {
  if (names === 'none') return []
  const list = names?.split(/[\s,]+/).filter((name) => name !== '')
  const unknown = list?.find((name) => !STACK_LANGUAGES.includes(name))
  if (unknown === undefined) return list
  throw new TrimtabError('Usage', `--languages: there is no ${JSON.stringify(unknown)}; there are ${STACK_LANGUAGES.join(', ')}.`)
}

/** What platform.yaml says, if there is one that can be read. */
async function configuredSocket(context: Context): Promise<string | undefined> {
  const { checkFile } = await import('./doctor/platform.ts')
  const runtime = (await checkFile(context)).spec?.runtime
  if (runtime?.kind === 'auto') return runtime.docker.socket
  return runtime?.kind === 'docker' ? runtime.socket : undefined
}
