import type { Command } from 'commander'
import { printable } from '../text.ts'
import { act, type Context, examples } from './context.ts'

export function addDown(program: Command): void {
  program
    .command('down')
    .description('stop one app until `restart`; or all apps, the router and trimtab itself')
    .argument('[app]', 'only this app')
    .addHelpText('after', examples('trimtab down hello', 'trimtab down'))
    .action(
      act<[string | undefined]>(async (context, app) => {
        const { NotRunning } = await import('../http/request.ts')
        try {
          for await (const line of (await context.client()).down(app)) context.say(printable(line))
          return 0
        } catch (error) {
          if (!(error instanceof NotRunning)) throw error
          return downWithoutUp(context, app)
        }
      }),
    )
}

/** Apps outlive `up`; so they must be stoppable without it. */
async function downWithoutUp({ state, say }: Context, app: string | undefined): Promise<number> {
  const { down } = await import('../main.ts')
  return down({ state: await state(), ...(app !== undefined && { app }), log: (line: string) => say(printable(line)) })
}
