import type { Command } from 'commander'
import { printable } from '../text.ts'
import { act, examples } from './context.ts'
import { eventLines } from './render/event.ts'

export function addUp(program: Command): void {
  program
    .command('up')
    .description('run the platform in the foreground; Ctrl-C ends it, and the apps keep running')
    .addHelpText('after', examples('trimtab up', 'trimtab up --config /etc/trimtab/platform.yaml'))
    .action(
      act<[object]>(async ({ config, paint, say }) => {
        const stop = new AbortController()
        const end = () => {
          // Impatience is safe: whatever is cut off here, the next `up` finishes.
          if (stop.signal.aborted) process.exit(130)
          stop.abort()
        }
        for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, end)
        const { up } = await import('../main.ts')
        const line = eventLines(paint)
        return up({ config, log: (text) => say(printable(text)), event: (event) => say(line(event)), signal: stop.signal })
      }),
    )
}
