import type { Command } from 'commander'
import { indent, printable } from '../text.ts'
import { act, examples } from './context.ts'
import type { Check } from './doctor/check.ts'
import { type Paint, toneOf } from './render/paint.ts'

export function addDoctor(program: Command): void {
  program
    .command('doctor')
    .description('what is there, what is missing, and how to get it; exit 1 if something necessary is missing')
    .option('--json', 'print an array of {name, level, message, remedy}')
    .addHelpText('after', examples('trimtab doctor', 'trimtab doctor --json'))
    .action(
      act<[{ json?: true }]>(async (context, { json }) => {
        const { examine } = await import('./doctor/examine.ts')
        const checks = await examine(context)
        if (json) context.json(checks)
        else context.say(render(checks, context.paint))
        return checks.some(({ level }) => level === 'fail') ? 1 : 0
      }),
    )
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
