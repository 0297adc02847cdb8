import type { Command } from 'commander'
import type { SyncUpdateView } from '../http/wire.ts'
import { indent, oneLine, printable, shortCommit } from '../text.ts'
import { act, type Context, examples } from './context.ts'
import { eventLines } from './render/event.ts'
import { inWords } from './render/suspension.ts'
import { minute } from './render/time.ts'

type Result = Extract<SyncUpdateView, { kind: 'result' }>

interface Options {
  wait?: true
  allowPrune?: true
  json?: true
}

export function addSync(program: Command): void {
  program
    .command('sync')
    .description('look at git now, and try again what failed')
    .argument('[app]', 'only this app')
    .option('--wait', 'follow it to its end; exit 1 if the commit did not go live')
    .option('--allow-prune', 'take away what is no longer declared, even if it is most of what runs')
    .option('--json', 'print the results as an array')
    .addHelpText('after', examples('trimtab sync', 'trimtab sync hello --wait'))
    .action(
      act<[string | undefined, Options]>(async (context, app, { wait = false, allowPrune = false, json = false }) => {
        const client = await context.client()
        const results: Result[] = []
        const line = eventLines(context.paint)
        for await (const update of client.sync({ ...(app !== undefined && { app }), wait, allowPrune })) {
          if (update.kind === 'result') results.push(update)
          if (!json) show(context, update, { wait, line })
        }
        if (json) context.json(results.map(({ kind, ...result }) => result))
        return conclude(context, results, { wait, json })
      }),
    )
}

function show(
  context: Context,
  update: SyncUpdateView,
  { wait, line }: { wait: boolean; line: ReturnType<typeof eventLines> },
): void {
  if (update.kind === 'log') context.pass(update.text)
  else if (update.kind === 'event') context.say(line(update.event))
  // Where nobody waits there is a result only of what will not come by waiting.
  else if (wait || !update.ok) context.say(resultLine(update))
}

/** What became of one app, in words. */
function resultLine({ ok, app, status }: Result): string {
  const { serving, failure, urls, desired, suspended, down } = status
  const name = oneLine(app)
  if (down) return `${name} is down since ${minute(down.since)}: nothing of it runs until \`trimtab restart ${name}\`.`
  if (ok) {
    const release = serving === null ? '' : ` as v${serving.release}`
    const live = `${name} is live at ${shortCommit(serving?.commit ?? desired.commit)}${release}${urls.length > 0 ? `: ${urls.join(' ')}` : '.'}`
    return suspended ? `${live}\n${name} is ${inWords(suspended)}: no other commit is deployed.` : live
  }
  const reason = failure === null ? printable(status.message || status.status) : `${failure.code}\n${printable(failure.message)}`
  const still = serving === null ? '' : `\n${name}: v${serving.release} (${shortCommit(serving.commit)}) still serves.`
  const what = desired.commit === null ? `${name} did` : `${name}: ${shortCommit(desired.commit)} did`
  return `${what} not go live: ${indent(reason).trimStart()}${still}`
}

function conclude(context: Context, results: Result[], { wait, json }: { wait: boolean; json: boolean }): number {
  if (results.some(({ ok }) => !ok)) return 1
  if (!wait) {
    if (!json) context.say('Looking at git now. Follow it with `trimtab events -f`.')
    return 0
  }
  if (results.length > 0) return 0
  context.remark('trimtab stopped before the end was known.')
  return 1
}
