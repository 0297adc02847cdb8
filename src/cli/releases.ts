import type { Command } from 'commander'
import { TrimtabError } from '../errors.ts'
import type { ReleaseView } from '../http/wire.ts'
import { act, examples } from './context.ts'
import { renderRelease, renderReleases } from './render/releases.ts'

export function addReleases(program: Command): void {
  program
    .command('releases')
    .description("an app's releases, newest first")
    .argument('<app>')
    .argument('[version]', 'only this one, with all that went into its image: v12')
    .option('--json', 'print an array')
    .addHelpText('after', examples('trimtab releases hello', 'trimtab releases hello v12'))
    .action(
      act<[string, string | undefined, { json?: true }]>(async (context, app, version, { json }) => {
        const all = await (await context.client()).releases(app)
        const releases = version === undefined ? all : [named(version, app, all)]
        if (json) context.json(releases)
        else if (version === undefined) context.say(renderReleases(releases, context.paint))
        else context.say(releases.map(renderRelease).join('\n'))
      }),
    )
}

function named(version: string, app: string, all: ReleaseView[]): ReleaseView {
  const number = Number(/^v?(\d{1,9})$/.exec(version)?.[1] ?? Number.NaN)
  const found = all.find((release) => release.version === number)
  if (found) return found
  const [newest] = all
  const there = newest ? `The newest is v${newest.version}.` : 'It has none yet.'
  throw new TrimtabError('NotFound', `${app} has no release ${JSON.stringify(version)}. ${there}`)
}
