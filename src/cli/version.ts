import type { Command } from 'commander'
import { packageVersion } from '../package.ts'
import { act, type Context, examples } from './context.ts'
import { ago } from './render/time.ts'

export function addVersion(program: Command): void {
  program
    .command('version')
    .description('this version, and the one that runs')
    .option('--json', 'print an object')
    .addHelpText('after', examples('trimtab version --json'))
    .action(
      act<[{ json?: true }]>(async (context, { json }) => {
        const version = packageVersion()
        const running = await runningOne(context)
        if (json) return context.json({ version, node: process.versions.node, running })
        context.say(`trimtab ${version} (Node ${process.versions.node})`)
        if (running !== null)
          context.say(`running: ${running.version}, pid ${running.pid}, started ${ago(running.startedAt, Date.now())}`)
      }),
    )
}

/** A question of the side: whatever hinders the answer, there is none. */
async function runningOne(context: Context) {
  try {
    return await (await context.client()).version()
  } catch {
    return null
  }
}
