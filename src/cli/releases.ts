import type { Command } from 'commander'
import { act, examples } from './context.ts'
import { renderReleases } from './render/releases.ts'

export function addReleases(program: Command): void {
  program
    .command('releases')
    .description("an app's releases, newest first")
    .argument('<app>')
    .option('--json', 'print an array')
    .addHelpText('after', examples('trimtab releases hello'))
    .action(
      act<[string, { json?: true }]>(async (context, app, { json }) => {
        const releases = await (await context.client()).releases(app)
        if (json) context.json(releases)
        else context.say(renderReleases(releases, context.paint))
      }),
    )
}
