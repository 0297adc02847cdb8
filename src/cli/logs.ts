import type { Command } from 'commander'
import { act, type Context, examples, wholeNumber } from './context.ts'

interface Options {
  follow?: true
  lines: number
  process?: string
  build?: true
  json?: true
}

export function addLogs(program: Command): void {
  program
    .command('logs')
    .description("an app's output, or the log of its newest build")
    .argument('<app>')
    .option('-f, --follow', 'go on with what comes')
    .option('-n, --lines <n>', 'how many lines of the past, of each instance', wholeNumber, 100)
    .option('-p, --process <type>', 'only this process type, such as web')
    .option('--build', 'the newest build instead')
    .option('--json', 'print one JSON object a line')
    .addHelpText('after', examples('trimtab logs hello -f -p web', 'trimtab logs hello --build'))
    .action(
      act<[string, Options]>(async (context, app, options) => {
        if (options.build === true) return buildLog(context, app, options)
        const { follow = false, lines, process: type } = options
        const client = await context.client()
        for await (const line of client.logs(app, { ...(type !== undefined && { process: type }), lines, follow })) {
          if (options.json) context.say(JSON.stringify(line))
          else context.pass(`${shortName(app, line.instance)} | ${line.line}\n`)
        }
        if (follow) context.remark('trimtab stopped.')
      }),
    )
}

async function buildLog(context: Context, app: string, { follow, json }: Options): Promise<void> {
  const client = await context.client()
  for await (const text of client.buildLog(app, { follow: follow === true })) {
    if (json) context.say(JSON.stringify({ text }))
    else context.pass(text)
  }
}

/** `hello.web.v12.1` → `web.v12.1`: the app was named by the person who asks. */
function shortName(app: string, instance: string): string {
  return instance.startsWith(`${app}.`) ? instance.slice(app.length + 1) : instance
}
