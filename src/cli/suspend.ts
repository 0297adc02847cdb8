import type { Command } from 'commander'
import type { AppStatus } from '../domain.ts'
import { oneLine } from '../text.ts'
import { act, examples } from './context.ts'
import { inWords } from './render/suspension.ts'

export function addSuspend(program: Command): void {
  program
    .command('suspend')
    .description('deploy no commit of an app until `resume`; what runs stays (to stop it: `down`)')
    .argument('<app>')
    .option('--reason <text>', 'why, for whoever looks at it')
    .addHelpText('after', examples('trimtab suspend shop --reason "the sale is on"', 'trimtab resume shop'))
    .action(
      act<[string, { reason?: string }]>(async (context, app, { reason = '' }) => {
        const { userInfo } = await import('node:os')
        const status = await (await context.client()).suspend(app, { by: userInfo().username, reason })
        context.say(told(status))
      }),
    )
}

/** Of who suspended it: that may have been somebody else, before. */
function told({ app, suspended, serving }: AppStatus): string {
  const name = oneLine(app)
  const stays = serving === null ? 'Nothing of it serves.' : `v${serving.release} goes on.`
  return `${name} is ${suspended ? inWords(suspended) : 'suspended'}: no commit is deployed until \`trimtab resume ${name}\`. ${stays}`
}
