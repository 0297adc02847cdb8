/** `run`: a one-off of its own, or a command inside of an instance that serves. */
import type { Instance } from '../domain.ts'
import { TrimtabError } from '../errors.ts'
import type { Terminal } from '../ports.ts'
import { specOf } from '../release/spec.ts'
import type { World } from '../world.ts'

/** A one-off in the release that is live. */
export async function runOneOff(app: string, command: string[], terminal: Terminal, world: World): Promise<number> {
  const { serving } = world.store.read(app)
  if (!serving)
    throw new TrimtabError('NotFound', `${app} has no live release yet to run something in. See: trimtab status ${app}`)
  if (command.length === 0) throw new TrimtabError('Usage', 'A command is missing: trimtab run <app> -- <command>')
  const spec = specOf(serving, 'run', 1, command.map(quoted).join(' '), true)
  return world.runtime.run(spec, terminal)
}

/** `inside`: `web.1`, or an instance's whole name. Without a command: a shell. */
export async function runInside(
  app: string,
  inside: string,
  command: string[],
  terminal: Terminal,
  world: World,
): Promise<number> {
  const running = (await world.runtime.list(app)).filter((i) => i.state === 'running' && !i.oneOff).sort(newestFirst)
  const found = running.find((i) => i.name === inside || `${i.process}.${i.index}` === inside)
  if (!found) {
    const names = running.map((i) => `${i.process}.${i.index} (v${i.release})`).join(', ')
    throw new TrimtabError('NotFound', `${app} has no running instance "${inside}". Running are: ${names || 'none'}.`)
  }
  return world.runtime.exec(app, found.name, command.length > 0 ? command : SHELL, terminal)
}

/** bash where there is one. */
const SHELL = ['/bin/sh', '-c', 'if command -v bash >/dev/null; then exec bash; else exec sh; fi']

function newestFirst(a: Instance, b: Instance): number {
  return b.release - a.release || a.index - b.index
}

/** The words reach the command as they were typed, whatever is in them. */
function quoted(word: string): string {
  return /^[A-Za-z0-9_./:=@%+-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`
}
