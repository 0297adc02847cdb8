import type { Command } from 'commander'
import { TrimtabError } from '../errors.ts'
import { act, examples } from './context.ts'
import { withTerminal } from './terminal.ts'

const FORWARDED = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

export function addRun(program: Command): void {
  program
    .command('run')
    .description("run a one-off command in an app's current release, with its environment; exits as the command does")
    .argument('<app>')
    .argument('[command...]', 'the command and its arguments, after --; with --in, a shell where none is given')
    .option('--in <instance>', 'run it inside of a running instance such as web.1')
    .addHelpText(
      'after',
      examples('trimtab run hello -- node -v', 'trimtab run shop -- npm run migrate < seed.sql', 'trimtab run shop --in web.1'),
    )
    .action(
      act<[string, string[], { in?: string }]>(async (context, app, command, { in: inside }) => {
        if (command.length === 0 && inside === undefined) {
          throw new TrimtabError('Usage', `A command is missing: trimtab run ${app} -- <command>`)
        }
        const client = await context.client()
        const stop = new AbortController()
        const forward = (signal: NodeJS.Signals) => {
          // The first asks the command to end, the second does not wait for it.
          if (stop.signal.aborted) process.exit(130)
          stop.abort(signal)
        }
        for (const signal of FORWARDED) process.on(signal, forward)
        return withTerminal((terminal) => client.run(app, command, terminal, inside), stop.signal)
      }),
    )
}
