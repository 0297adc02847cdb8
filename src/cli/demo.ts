import type { Command } from 'commander'
import { act, examples } from './context.ts'

export function addDemo(program: Command): void {
  program
    .command('demo')
    .description('a whole story in a temporary directory: commit, live, change, revert')
    .option('--keep', 'leave it running, and say where')
    .addHelpText('after', examples('trimtab demo', 'trimtab demo --keep'))
    .action(
      act<[{ keep?: true }]>(async ({ say }, { keep = false }) => {
        const { demo } = await import('../demo/demo.ts')
        return demo({ keep, log: say })
      }),
    )
}
