import type { Command } from 'commander'
import type { AppStatus } from '../domain.ts'
import { oneLine } from '../text.ts'
import { act, examples } from './context.ts'
import { inWords } from './render/suspension.ts'

export function addResume(program: Command): void {
  program
    .command('resume')
    .description('deploy commits of an app again, after `suspend`; exit 1 where app.yaml suspends it still')
    .argument('<app>')
    .addHelpText('after', examples('trimtab resume shop'))
    .action(
      act<[string]>(async (context, app) => {
        const { userInfo } = await import('node:os')
        const status = await (await context.client()).resume(app, { by: userInfo().username })
        context.say(told(status))
        return status.suspended ? 1 : 0
      }),
    )
}

/** What is left after `suspend` was lifted: neither app.yaml's word nor `down` are. */
function told({ app, suspended, down }: AppStatus): string {
  const name = oneLine(app)
  const stopped = down ? ` It is stopped (down): \`trimtab restart ${name}\` starts it.` : ''
  if (!suspended) return `Commits of ${name} are deployed.${stopped}`
  return `${name} is ${inWords(suspended)} still: a commit without "suspend: true" in app.yaml lifts that.${stopped}`
}
