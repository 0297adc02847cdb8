import type { Command } from 'commander'
import { act, examples, wholeNumber } from './context.ts'
import { eventLines } from './render/event.ts'

interface Options {
  follow?: true
  lines: number
  json?: true
}

export function addEvents(program: Command): void {
  program
    .command('events')
    .description('what happened, oldest first')
    .argument('[app]', 'only this app')
    .option('-f, --follow', 'go on with what happens')
    .option('-n, --lines <n>', 'how many of the past', wholeNumber, 50)
    .option('--json', 'print one JSON object a line')
    .addHelpText('after', examples('trimtab events hello -n 20', 'trimtab events -f --json'))
    .action(
      act<[string | undefined, Options]>(async (context, app, { follow = false, lines, json }) => {
        const client = await context.client()
        const line = eventLines(context.paint)
        for await (const event of client.events({ ...(app !== undefined && { app }), limit: lines, follow })) {
          context.say(json ? JSON.stringify(event) : line(event))
        }
        if (follow) context.remark('trimtab stopped.')
      }),
    )
}
