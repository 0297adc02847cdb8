import { basename } from 'node:path'
import type { Command } from 'commander'
import { act, examples } from './context.ts'
import { renderStatus } from './render/status.ts'

export function addStatus(program: Command): void {
  program
    .command('status')
    .description('what runs, at which commit, and what failed')
    .argument('[app]', 'only this app')
    .option('--json', 'print an array, one object an app')
    .addHelpText('after', examples('trimtab status', 'trimtab status hello --json'))
    .action(
      act<[string | undefined, { json?: true }]>(async (context, app, { json }) => {
        const client = await context.client()
        const [apps, lists] = await Promise.all([
          client.status(app, { usage: app !== undefined }),
          // An older `up` knows of no lists.
          app === undefined ? client.lists().catch(() => null) : null,
        ])
        if (json) context.json(apps)
        else context.say(renderStatus(apps, Date.now(), context.paint))
        if (lists?.refused) context.remark(`${basename(context.config)} is not in force as it is now: ${lists.refused}`)
        for (const { fleet, failure } of lists?.fleets ?? []) {
          if (failure) context.remark(`${fleet} is not in force as it is in git now: ${failure.message}`)
        }
      }),
    )
}
