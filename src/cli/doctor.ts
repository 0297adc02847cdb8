import { dirname, join } from 'node:path'
import type { Command } from 'commander'
import { act, type Context, examples } from './context.ts'
import type { Check } from './doctor/check.ts'
import { type Paint, toneOf } from './render/paint.ts'
import { indent, printable } from './render/text.ts'

export function addDoctor(program: Command): void {
  program
    .command('doctor')
    .description('what is there, what is missing, and how to get it; exit 1 if something necessary is missing')
    .option('--json', 'print an array of {name, level, message, remedy}')
    .addHelpText('after', examples('trimtab doctor', 'trimtab doctor --json'))
    .action(
      act<[{ json?: true }]>(async (context, { json }) => {
        const checks = await examine(context)
        if (json) context.json(checks)
        else context.say(render(checks, context.paint))
        return checks.some(({ level }) => level === 'fail') ? 1 : 0
      }),
    )
}

async function examine(context: Context): Promise<Check[]> {
  const [{ checkPrograms }, { checkPlace }, { checkPort, checkDns }, { checkSystem }, { checkFile, checkRunning }] =
    await Promise.all([
      import('./doctor/programs.ts'),
      import('./doctor/place.ts'),
      import('./doctor/network.ts'),
      import('./doctor/system.ts'),
      import('./doctor/platform.ts'),
    ])
  const file = await checkFile(context)
  // Without a file that can be used, the defaults are looked at: they are what a first one would have.
  const state = file.spec?.state ?? (await context.state().catch(() => join(dirname(context.config), '.trimtab')))
  const up = file.check.level === 'warn' ? null : await checkRunning(context)
  const running = up?.running ?? false
  const { router, http, domain } = file.spec ?? {
    router: { listen: { host: '127.0.0.1', port: 8080 } },
    http: { host: '127.0.0.1', port: 8700 },
    domain: 'apps.localhost',
  }
  const rest = await Promise.all([
    checkPrograms(),
    checkPlace(state),
    checkPort('router.listen', router.listen, running),
    checkPort('http.listen', http, running),
    checkDns(domain),
    checkSystem(),
  ])
  return [file.check, ...(up === null ? [] : [up.check]), ...rest.flat()]
}

function render(checks: Check[], paint: Paint): string {
  const width = Math.max(...checks.map(({ name }) => name.length))
  const lines = checks.map(({ name, level, message, remedy }) => {
    const [first = '', ...more] = printable(message).split('\n')
    const text = `${toneOf(level, paint)(level.padEnd(4))}  ${name.padEnd(width)}  ${first}`
    const below = [...more, ...(remedy === undefined ? [] : [`→ ${printable(remedy)}`])]
    return below.length === 0 ? text : `${text}\n${indent(indent(indent(below.join('\n'))))}`
  })
  const bad = checks.filter(({ level }) => level === 'fail').length
  return [
    ...lines,
    '',
    bad === 0 ? 'Everything necessary is there.' : `${bad} necessary ${bad === 1 ? 'thing is' : 'things are'} missing.`,
  ].join('\n')
}
