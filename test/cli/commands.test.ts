import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { symlinkSync, writeFileSync } from 'node:fs'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createProgram } from '../../src/cli/program.ts'
import { TrimtabError } from '../../src/errors.ts'
import { CompiledCli, ended, type Options } from '../support/compiled-cli.ts'
import { COMMIT, event, failed, live, OTHER } from '../support/memory-control.ts'
import { type Served, served, until } from '../support/served.ts'

let cli: CompiledCli
let platform: Served
beforeAll(async () => {
  cli = await CompiledCli.make()
})
afterAll(() => cli.remove())
beforeEach(async () => {
  platform = await served()
  writeFileSync(join(platform.state, 'platform.yaml'), 'state: .\napps: []\n')
})
afterEach(() => platform.close())

const run = (args: string[], options: Options = {}) => cli.run(args, { cwd: platform.state, ...options })
const start = (args: string[], options: Options = {}) => cli.start(args, { cwd: platform.state, ...options })
const good = { code: 0, signal: null, err: '' }

const COMMANDS = [
  'up',
  'demo',
  'init',
  'validate',
  'build',
  'artifact',
  'webhook',
  'plan',
  'sync',
  'status',
  'releases',
  'events',
  'logs',
  'run',
  'restart',
  'suspend',
  'resume',
  'down',
  'stack',
  'doctor',
  'version',
]

describe('the program', () => {
  it.each(COMMANDS)('explains %s with an example', (name) => {
    let help = ''
    const command = createProgram().commands.find((one) => one.name() === name)
    command?.configureOutput({ writeOut: (text) => (help += text) }).outputHelp()
    expect(help).toContain('--config <file>')
    expect(help).toMatch(new RegExp(`Examples?:\\n  \\$ trimtab ${name}`))
  })

  it('lists its commands, and none that is not there yet', async () => {
    const { out } = await run(['--help'])
    expect([...out.matchAll(/^ {2}([a-z]+) (?:\[| {2}|<)/gm)].map((match) => match[1])).toEqual([...COMMANDS, 'help'])
  })

  it.each([
    [['statu'], 'Did you mean status?'],
    [['status', '--jsno'], 'Did you mean --json?'],
    [['releases'], "missing required argument 'app'"],
    [['run', 'hello'], 'A command is missing: trimtab run hello -- <command>'],
    [['logs', 'hello', '-n', 'many'], 'Expected a whole number.'],
    [['status', 'a', 'b'], 'too many arguments'],
  ])('calls %j wrong usage', async (args, message) => {
    const { code, out, err } = await run(args)
    expect([code, out]).toEqual([2, ''])
    expect(err).toContain(message)
  })

  it('shows its help where no command is given', async () => {
    expect(await run([])).toMatchObject({ code: 2, out: '', err: expect.stringContaining('Commands:') })
  })

  it('is wrong usage where the platform says so', async () => {
    platform.control.fault = new TrimtabError('Usage', 'not like this')
    expect(await run(['status'])).toMatchObject({ code: 2, err: 'trimtab: not like this\n' })
  })

  it('says that trimtab does not run, and on which state', async () => {
    writeFileSync(join(platform.state, 'platform.yaml'), 'state: ./nowhere\n')
    const message = `trimtab is not running on this state (${join(platform.state, 'nowhere')}): start it with \`trimtab up\`.`
    expect(await run(['status'])).toEqual({ code: 1, signal: null, out: '', err: `trimtab: ${message}\n` })
  })

  it('says that there is no platform.yaml', async () => {
    expect(await run(['status', '--config', 'other.yaml'])).toMatchObject({
      code: 1,
      err: expect.stringContaining('--config FILE'),
    })
  })

  it.each([
    ['a broken file', 'state: .\napps: [\n'],
    ['a quoted path with a comment', '# state: ./no\nstate: "."  # here\nunknown: key\n'],
    ['a variable', `state: "\${WHERE}"\n`],
    ['flow style', '{domain: x, state: .}\n'],
    ['a folded text', 'state: >-\n  .\n'],
    ['Windows line ends', 'state: .\r\ndomain: x\r\n'],
  ])('finds the state in %s', async (_what, text) => {
    writeFileSync(join(platform.state, 'platform.yaml'), text)
    expect(await run(['status', 'hello'], { env: { WHERE: '.' } })).toMatchObject(good)
  })

  it('says which variable is not set', async () => {
    writeFileSync(join(platform.state, 'platform.yaml'), `state: "\${NOWHERE_SET}"\n`)
    expect(await run(['status'])).toMatchObject({ code: 1, err: expect.stringContaining('NOWHERE_SET is not set') })
  })

  it('runs through a link, as npm link makes one', async () => {
    const link = join(platform.state, 'trimtab')
    symlinkSync(join(cli.home, 'bin/trimtab.js'), link)
    const child = spawn(process.execPath, [link, '--version'])
    expect(await ended(child)).toMatchObject({ ...good, out: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) })
  })
})

describe('what it prints', () => {
  it('is a table for status, with the failure beneath', async () => {
    const { out, ...rest } = await run(['status'], { env: { TERM: 'dumb' } })
    expect(rest).toEqual(good)
    const [head, hello, shop, ...below] = out.split('\n')
    expect(head).toMatch(/^APP +STATUS +COMMIT +RELEASE +SINCE +PROCESSES +URL$/)
    expect(hello).toMatch(/^hello +Live +1a2b3c4 +v12 +\d+d ago +web 2\/2 +http:\/\/hello\.apps\.localhost:8080$/)
    expect(shop).toMatch(/^shop +Failed +1a2b3c4 → 9f8e7d6 +v3 +.*web 1\/1, worker 0\/1/)
    expect(below.join('\n')).toBe(
      '\nshop: BuildFailed at 9f8e7d6. v3 (1a2b3c4) still serves.\n  npm ci exited with 1\n  npm error: no lock file\n',
    )
  })

  it('is exactly the promised array for status --json', async () => {
    const { out, ...rest } = await run(['status', '--json'])
    expect(rest).toEqual(good)
    expect(JSON.parse(out)).toEqual([live, failed])
  })

  it('has a hint for an unknown app, and 1', async () => {
    const message = 'trimtab: There is no app "hallo". Did you mean "hello"?\n'
    for (const command of ['status', 'plan', 'releases', 'events', 'logs', 'restart', 'sync', 'down']) {
      expect(await run([command, 'hallo'])).toEqual({ code: 1, signal: null, out: '', err: message })
    }
    expect(await run(['run', 'hallo', '--', 'ls'])).toMatchObject({ code: 1, err: message })
  })

  it('is a plan with reasons', async () => {
    expect((await run(['plan', 'hello'])).out).toBe('hello: nothing to do\n')
    platform.control.waiting = ['the build']
    expect((await run(['plan', 'hello'])).out).toBe('hello: waiting for the build\n')
    platform.control.waiting = []
    platform.control.actions = [{ action: 'start', target: 'hello.web.v13.1', reason: 'commit 1a2b3c4' }]
    expect((await run(['plan', 'hello'])).out).toBe(
      'hello: 1 step\n  ACTION  TARGET           REASON\n  start   hello.web.v13.1  commit 1a2b3c4\n',
    )
    expect(JSON.parse((await run(['plan', 'hello', '--json'])).out)).toEqual({
      app: 'hello',
      actions: platform.control.actions,
      waiting: [],
    })
    expect(JSON.parse((await run(['plan', '--json'])).out)).toHaveLength(2)
  })

  it('is a table of releases', async () => {
    const { out } = await run(['releases', 'hello'])
    expect(out.split('\n')).toEqual([
      'RELEASE  STATUS      COMMIT   IMAGE   CREATED           BY',
      'v12      live        1a2b3c4  reused  2026-01-02 12:03  git',
      'v11      superseded  1a2b3c4  built   2026-01-02 12:03  git',
      '',
    ])
    const [newest] = JSON.parse((await run(['releases', 'hello', '--json'])).out)
    expect(newest).toMatchObject({
      version: 12,
      commit: COMMIT,
      image: 'key12',
      built: false,
      createdAt: '2026-01-02T12:03:04.000Z',
    })
    expect(newest).not.toHaveProperty('content')
  })

  it('is one line for each event', async () => {
    expect((await run(['events', 'hello', '-n', '2'])).out).toBe(
      `12:03:05 hello     ${'CommitSeen'.padEnd(21)}  1a2b3c4 event 1\n12:03:06 hello     ${'BuildSucceeded'.padEnd(21)}  built in 1.2s\n`,
    )
    const lines = (await run(['events', '--json'])).out.trim().split('\n')
    expect(lines.map((line) => JSON.parse(line).at)).toEqual(['2026-01-02T12:03:05.000Z', '2026-01-02T12:03:06.000Z'])
    expect(platform.control.asked).toEqual(['events 2 false hello', 'events 50 false'])
  })

  it('is the app’s output as it is, into a pipe', async () => {
    platform.control.lines.push({ at: null, instance: 'hello.web.v12.2', line: '\u001b[31mred\u001b[0m' })
    const { out } = await run(['logs', 'hello', '-p', 'web', '-n', '5'])
    expect(out).toBe('web.v12.1 | listening\nweb.v12.2 | \u001b[31mred\u001b[0m\n')
    expect(platform.control.asked).toEqual(['logs web 5 false hello'])
    expect(JSON.parse((await run(['logs', 'hello', '--json'])).out.split('\n')[0] ?? '')).toEqual({
      at: '2026-01-02T12:03:04.000Z',
      instance: 'hello.web.v12.1',
      line: 'listening',
    })
  })

  it('is the build log as it is', async () => {
    expect((await run(['logs', 'hello', '--build'])).out).toBe('-----> Node.js app detected\n       done\n')
  })

  it('is both versions', async () => {
    const { out } = await run(['version', '--json'])
    expect(JSON.parse(out)).toMatchObject({
      version: expect.stringMatching(/^\d/),
      node: process.versions.node,
      running: { pid: 4711 },
    })
    expect((await run(['version'], { cwd: '/' })).out).toMatch(/^trimtab \S+ \(Node \S+\)\n$/)
  })
})

describe('sync', () => {
  it('asks, and says how to follow', async () => {
    expect(await run(['sync', 'hello'])).toEqual({ ...good, out: 'Looking at git now. Follow it with `trimtab events -f`.\n' })
    await run(['sync', '--allow-prune'])
    expect(platform.control.asked).toEqual(['sync false hello', 'sync false prune'])
  })

  it('waits, shows what happens, and where it is', async () => {
    platform.control.updates.unshift({ kind: 'event', event: event(1) }, { kind: 'log', text: '-----> Node.js app detected\n' })
    expect(await run(['sync', '--wait'])).toEqual({
      ...good,
      out: `12:03:05 hello     ${'CommitSeen'.padEnd(21)}  1a2b3c4 event 1\n-----> Node.js app detected\nhello is live at 1a2b3c4 as v12: http://hello.apps.localhost:8080\n`,
    })
  })

  it('fails with the reason where the commit did not go live', async () => {
    platform.control.updates = [{ kind: 'result', ok: false, app: 'shop', status: failed }]
    const { code, out } = await run(['sync', 'shop', '--wait'])
    expect(code).toBe(1)
    expect(out).toBe(
      `shop: ${OTHER.slice(0, 7)} did not go live: BuildFailed\n  npm ci exited with 1\n  npm error: no lock file\nshop: v3 (1a2b3c4) still serves.\n`,
    )
    const json = await run(['sync', 'shop', '--wait', '--json'])
    expect(json.code).toBe(1)
    expect(JSON.parse(json.out)).toEqual([{ ok: false, app: 'shop', status: failed }])
  })

  it('fails where the end was not seen', async () => {
    platform.control.updates = [{ kind: 'event', event: event(1) }]
    expect(await run(['sync', '--wait'])).toMatchObject({ code: 1, err: 'trimtab stopped before the end was known.\n' })
  })
})

describe('following', () => {
  it('ends quietly when its reader has seen enough', async () => {
    const child = start(['events', '-f'])
    child.stderr.setEncoding('utf8')
    let err = ''
    child.stderr.on('data', (text) => (err += text))
    await once(child.stdout, 'data')
    child.stdout.destroy()
    const closed = once(child, 'close')
    const more = setInterval(() => platform.control.emit(event(9)), 20)
    const [code, signal] = await closed
    clearInterval(more)
    expect([code, signal, err]).toEqual([0, null, ''])
    await until(() => platform.control.ended.includes('events'))
  })

  it('ends quietly by Ctrl-C, as the shell knows it', async () => {
    const child = start(['logs', 'hello', '-f'])
    const end = ended(child)
    await once(child.stdout, 'data')
    child.kill('SIGINT')
    expect(await end).toMatchObject({ code: null, signal: 'SIGINT', err: '' })
    await until(() => platform.control.ended.includes('logs'))
  })

  it('says so when trimtab stops', async () => {
    const child = start(['events', '-f'])
    const end = ended(child)
    await once(child.stdout, 'data')
    await platform.server.close()
    expect(await end).toMatchObject({ code: 0, err: 'trimtab stopped.\n' })
  })
})

describe('run', () => {
  it('passes input, output and exit code through', async () => {
    platform.control.command = async (command, { stdin, stdout, stderr }) => {
      stderr.write(command.join('|'))
      if (stdin !== null) await pipeline(stdin, stdout)
      return 42
    }
    const input = `${'x'.repeat(500_000)}\u0000end`
    expect(await run(['run', 'hello', '--', 'sh', '-c', 'cat "$@"', '--json'], { input })).toEqual({
      code: 42,
      signal: null,
      out: input,
      err: 'sh|-c|cat "$@"|--json',
    })
  })

  it('ends without its input having ended', async () => {
    platform.control.command = async () => 3
    const child = start(['run', 'hello', '--', 'true'])
    expect(await ended(child)).toMatchObject({ code: 3, err: '' })
  })

  it('passes Ctrl-C on, and ends as the command does', async () => {
    platform.control.command = async (_command, { stdout, signal }) => {
      stdout.write('up\n')
      await once(signal, 'abort')
      return signal.reason === 'SIGINT' ? 130 : 1
    }
    const child = start(['run', 'hello', '--', 'sleep'])
    const end = ended(child)
    await once(child.stdout, 'data')
    child.kill('SIGINT')
    expect(await end).toMatchObject({ code: 130, signal: null, err: '' })
  })
})

describe('up, down, restart, demo', () => {
  const MAIN = `
    export async function up({config, log, event, signal}) {
      log('up ' + config + '\\u001b[2J')
      event({ at: 0, app: 'hello', type: 'RolledBack', commit: null, release: 2, message: 'v2 is v1 again', durationMs: 300 })
      await new Promise((resolve) => { const alive = setInterval(() => {}, 1000); signal.addEventListener('abort', () => { clearInterval(alive); resolve() }) })
      log('The apps keep running.')
      return 0
    }
    export async function down({config, app, log}) { log('alone ' + (app ?? 'all')); return 1 }
  `

  it('ends up in good order on SIGINT and SIGTERM', async () => {
    cli.replace('main.js', MAIN)
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      const child = start(['up'])
      const end = ended(child)
      await once(child.stdout, 'data')
      child.kill(signal)
      expect(await end).toEqual({
        ...good,
        out: `up ${join(platform.state, 'platform.yaml')}\n00:00:00 hello     ${'RolledBack'.padEnd(21)}  v2 is v1 again in 300ms\nThe apps keep running.\n`,
      })
    }
  })

  it('asks the running platform to go down', async () => {
    expect(await run(['down'])).toEqual({ ...good, out: 'stopping everything\nstopped\n' })
    expect(await run(['down', 'hello'])).toEqual({ ...good, out: 'stopping hello\nstopped\n' })
  })

  it('takes the apps down itself where trimtab does not run', async () => {
    cli.replace('main.js', MAIN)
    writeFileSync(join(platform.state, 'platform.yaml'), 'state: ./nowhere\n')
    expect(await run(['down'])).toEqual({ code: 1, signal: null, out: 'alone all\n', err: '' })
    expect(await run(['down', 'hello'])).toMatchObject({ out: 'alone hello\n' })
  })

  it('restarts', async () => {
    expect(await run(['restart', 'hello'])).toMatchObject({ ...good, out: expect.stringContaining('Restarting hello') })
    expect(platform.control.asked).toEqual(['restart hello', 'status hello'])
  })

  it('suspends in the name of who runs it, and says what goes on and what lifts it', async () => {
    const me = userInfo().username
    const { out, ...rest } = await run(['suspend', 'hello', '--reason', 'the sale is on'])
    expect(rest).toEqual(good)
    expect(out).toMatch(
      new RegExp(
        `^hello is suspended by ${me} since .* \\(the sale is on\\): no commit is deployed until \`trimtab resume hello\`\\. v12 goes on\\.\\n$`,
      ),
    )
    expect(await run(['resume', 'hello'])).toEqual({ ...good, out: 'Commits of hello are deployed.\n' })
    expect(platform.control.asked).toEqual([`suspend by ${me} (the sale is on) hello`, `resume by ${me} hello`])
  })

  it('shows the demo, and keeps it if asked', async () => {
    cli.replace('demo/demo.js', `export async function demo({keep, log}) { log('keep ' + keep); return 0 }`)
    expect(await run(['demo', '--keep'])).toEqual({ ...good, out: 'keep true\n' })
    expect(await run(['demo'])).toEqual({ ...good, out: 'keep false\n' })
  })
})
