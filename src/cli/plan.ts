import type { Command } from 'commander'
import { act, examples } from './context.ts'
import { renderPlan } from './render/plan.ts'

export function addPlan(program: Command): void {
  program
    .command('plan')
    .description('what would change now and why; changes nothing')
    .argument('[app]', 'only this app')
    .option('--json', 'print the steps as data')
    .addHelpText('after', examples('trimtab plan', 'trimtab plan hello --json'))
    .action(
      act<[string | undefined, { json?: true }]>(async (context, app, { json }) => {
        const plans = await (await context.client()).plan(app)
        if (!json) context.say(renderPlan(plans, context.paint))
        // One app asked for: its object. All: a list of them.
        else context.json(app === undefined ? plans : plans[0])
      }),
    )
}
