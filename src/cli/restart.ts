import type { Command } from 'commander'
import { act, examples } from './context.ts'

export function addRestart(program: Command): void {
  program
    .command('restart')
    .description('replace every instance by a new one, without a gap; starts an app that is down')
    .argument('<app>')
    .addHelpText('after', examples('trimtab restart hello'))
    .action(
      act<[string]>(async (context, app) => {
        await (await context.client()).restart(app)
        context.say(`Restarting ${app}. Follow it with \`trimtab events ${app} -f\`.`)
      }),
    )
}
