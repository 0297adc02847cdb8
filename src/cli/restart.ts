import type { Command } from 'commander'
import { act, examples } from './context.ts'
import { inWords } from './render/suspension.ts'

export function addRestart(program: Command): void {
  program
    .command('restart')
    .description('replace every instance by a new one, without a gap; starts an app that is down')
    .argument('<app>')
    .addHelpText('after', examples('trimtab restart hello'))
    .action(
      act<[string]>(async (context, app) => {
        const client = await context.client()
        await client.restart(app)
        context.say(`Restarting ${app}. Follow it with \`trimtab events ${app} -f\`.`)
        const suspended = (await client.status(app)).at(0)?.suspended
        if (suspended) context.say(`${app} stays ${inWords(suspended)}: no commit is deployed.`)
      }),
    )
}
