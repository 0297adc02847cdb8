import { type ChildProcessWithoutNullStreams, execFile, spawn } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../../', import.meta.url))

export interface Result {
  code: number | null
  signal: NodeJS.Signals | null
  out: string
  err: string
}

export interface Options {
  cwd?: string
  env?: Record<string, string>
  input?: string
}

/** The command line as it is installed: compiled, in a folder of its own, with package.json and bin beside it. */
export class CompiledCli {
  readonly home: string

  private constructor(home: string) {
    this.home = home
  }

  static async make(): Promise<CompiledCli> {
    // Below node_modules, so that the compiled files find the packages they import.
    const parent = join(root, 'node_modules', '.trimtab-cli')
    mkdirSync(parent, { recursive: true })
    const home = mkdtempSync(join(parent, 'home-'))
    const args = [
      join(root, 'node_modules/typescript/bin/tsc'),
      '-p',
      join(root, 'tsconfig.build.json'),
      '--outDir',
      join(home, 'dist'),
    ]
    // Types are another check's business: what could be emitted is what is run.
    await new Promise<void>((resolve) => execFile(process.execPath, args, () => resolve()))
    cpSync(join(root, 'package.json'), join(home, 'package.json'))
    cpSync(join(root, 'bin'), join(home, 'bin'), { recursive: true })
    return new CompiledCli(home)
  }

  /** Puts a module of the test's own in a compiled one's place. */
  replace(module: string, code: string): void {
    mkdirSync(join(this.home, 'dist', module, '..'), { recursive: true })
    writeFileSync(join(this.home, 'dist', module), code)
  }

  start(args: string[], { cwd, env, input }: Options = {}): ChildProcessWithoutNullStreams {
    const { NO_COLOR, FORCE_COLOR, ...inherited } = process.env
    const child = spawn(process.execPath, [join(this.home, 'bin/trimtab.js'), ...args], {
      cwd,
      env: { ...inherited, TZ: 'UTC', ...env },
    })
    if (input !== undefined) child.stdin.end(input)
    return child
  }

  async run(args: string[], options: Options = {}): Promise<Result> {
    return ended(this.start(args, { input: '', ...options }))
  }

  remove(): void {
    rmSync(this.home, { recursive: true, force: true })
  }
}

export async function ended(child: ChildProcessWithoutNullStreams): Promise<Result> {
  let out = ''
  let err = ''
  child.stdout.setEncoding('utf8').on('data', (text) => (out += text))
  child.stderr.setEncoding('utf8').on('data', (text) => (err += text))
  return new Promise((resolve) => child.on('close', (code, signal) => resolve({ code, signal, out, err })))
}
