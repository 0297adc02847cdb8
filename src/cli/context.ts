import { resolve } from 'node:path'
import { type Command, InvalidArgumentError } from 'commander'
import type { Client } from '../http/client.ts'
import { printable } from '../text.ts'
import { type Paint, paintFor } from './render/paint.ts'
import { stateOf } from './state.ts'

/** What a command works with: where it is, how it speaks to the platform and to the person. */
export interface Context {
  /** Absolute path of platform.yaml; it need not exist. */
  config: string
  /** True where the person named it. */
  configGiven: boolean
  env: NodeJS.ProcessEnv
  /** For stdout. */
  paint: Paint
  /** The state directory platform.yaml names. */
  state(): Promise<string>
  /** The platform that runs on it. Nothing is asked of it yet. */
  client(): Promise<Client>
  /** A line on stdout. */
  say(line: string): void
  /** Text on stdout as it is; to a terminal, without what would control it. */
  pass(text: string): void
  json(value: unknown): void
  /** A remark on stderr, where it does not end up in anybody's pipe. */
  remark(line: string): void
}

function contextOf(command: Command): Context {
  const program = rootOf(command)
  const config = resolve(String(program.getOptionValue('config')))
  const terminal = process.stdout.isTTY === true
  const say = (line: string) => void process.stdout.write(`${line}\n`)
  const state = () => stateOf(config, process.env)
  return {
    config,
    configGiven: program.getOptionValueSource('config') === 'cli',
    env: process.env,
    paint: paintFor(terminal, process.env),
    state,
    async client() {
      const [{ Client }, directory] = await Promise.all([import('../http/client.ts'), state()])
      return new Client(directory)
    },
    say,
    pass: (text) => void process.stdout.write(terminal ? printable(text) : text),
    json: (value) => say(JSON.stringify(value, null, 2)),
    remark: (line) => void process.stderr.write(`${printable(line)}\n`),
  }
}

function rootOf(command: Command): Command {
  return command.parent === null ? command : rootOf(command.parent)
}

/** A command's work; the number is its exit code, nothing means 0. `Args` are commander's: arguments, then options. */
type Work<Args extends unknown[]> = (context: Context, ...args: Args) => Promise<number | undefined> | Promise<void>

/** A command's work as commander wants it. */
export function act<Args extends unknown[]>(work: Work<Args>): (...args: unknown[]) => Promise<void> {
  return async (...args) => {
    const command = args.pop() as Command
    process.exitCode = (await work(contextOf(command), ...(args as Args))) ?? 0
  }
}

/** The lines under a command's help. */
export function examples(...lines: string[]): string {
  return `\n${lines.length === 1 ? 'Example' : 'Examples'}:\n${lines.map((line) => `  $ ${line}`).join('\n')}`
}

/** For options that take a number of lines or events. */
export function wholeNumber(text: string): number {
  if (!/^\d{1,6}$/.test(text)) throw new InvalidArgumentError('Expected a whole number.')
  return Math.min(Number(text), 100_000)
}
