import type { Command } from 'commander'
import { act, examples } from './context.ts'

const FORWARDED = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

export function addRun(program: Command): void {
  program
    .command('run')
    .description("run a one-off command in an app's current release, with its environment; exits as the command does")
    .argument('<app>')
    .argument('<command...>', 'the command and its arguments, after --')
    .addHelpText('after', examples('trimtab run hello -- node -v', 'trimtab run shop -- npm run migrate < seed.sql'))
    .action(
      act<[string, string[]]>(async (context, app, command) => {
        const client = await context.client()
        const stop = new AbortController()
        const forward = (signal: NodeJS.Signals) => {
          // The first asks the command to end, the second does not wait for it.
          if (stop.signal.aborted) process.exit(130)
          stop.abort(signal)
        }
        for (const signal of FORWARDED) process.on(signal, forward)
        const { stdin, stdout, stderr } = process
        return client.run(app, command, { stdin, stdout, stderr, signal: stop.signal })
      }),
    )
}
