import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { createWorld, exited, isRunning, one, printed, specOf, until } from './world.ts'

describe('an instance', () => {
  it('runs its command in the app directory, with a clean environment and a port', async () => {
    const world = createWorld()
    const slug = world.slug({
      'app.js': 'console.log(JSON.stringify({env: process.env, cwd: process.cwd(), argv: process.argv.slice(2)}))',
    })
    const runtime = world.runtime()
    const spec = specOf(slug, `node app.js "two words" $GREETING`, { env: { GREETING: 'hi', SECRET: 's3cret', PORT: '1' } })
    process.env.TRIMTAB_TEST_LEAK = 'leaked'
    const instance = await runtime.start(spec, [])
    delete process.env.TRIMTAB_TEST_LEAK
    expect(instance).toMatchObject({ name: 'shop.web.v1.1', state: 'running', fingerprint: 'f1', imageKey: 'k1', oneOff: false })
    const port = instance.address?.port ?? 0
    expect(instance.address).toEqual({ host: '127.0.0.1', port: expect.any(Number) })

    expect(await exited(runtime, spec)).toMatchObject({ code: 0, signal: null })
    const seen = JSON.parse((await runtime.tail('shop', instance.name, 5)).join(''))
    const { PATH, TMPDIR, SHLVL, _, ...rest } = seen.env
    expect(rest).toEqual({ HOME: slug, PWD: slug, LANG: 'C.UTF-8', GREETING: 'hi', SECRET: 's3cret', PORT: String(port) })
    expect([PATH, TMPDIR.startsWith(world.dir(spec))]).toEqual([process.env.PATH, true])
    expect([SHLVL, _].every((shells) => typeof shells === 'string')).toBe(true)
    expect([seen.cwd, seen.argv]).toEqual([slug, ['two words', 'hi']])
  })

  it('writes no value of its environment to disk', async () => {
    const world = createWorld()
    const spec = specOf(world.slug(), 'sleep 1000', { env: { SECRET: 's3cret-value' } })
    await world.runtime().start(spec, [])
    expect(readFileSync(join(world.dir(spec), 'spec.json'), 'utf8')).not.toContain('s3cret')
    expect(statSync(join(world.state, 'instances')).mode & 0o077).toBe(0)
  })

  it('sources .profile.d before the command, which may use every bash there is', async () => {
    const world = createWorld()
    const slug = world.slug({
      '.profile.d/a.sh': 'export FROM_PROFILE="a $HOME"; command=clobbered; set -- x y',
      '.profile.d/b.sh': 'export PATH="$HOME/bin:$PATH"; shopt -s nullglob; echo x > here; echo y > here',
      '.profile.d/c.txt': 'exit 3',
    })
    const runtime = world.runtime()
    // biome-ignore lint/suspicious/noTemplateCurlyInString: for the shell
    const spec = specOf(slug, 'echo "$FROM_PROFILE|${PATH%%:*}|$#" && [[ -e here ]]')
    await runtime.start(spec, [])
    expect((await exited(runtime, spec)).code).toBe(0)
    expect(await runtime.tail('shop', 'shop.web.v1.1', 5)).toEqual([`a ${slug}|${slug}/bin|0`])
  })

  it('is not led astray by an environment that changes shells', async () => {
    const world = createWorld()
    const slug = world.slug({ 'evil.sh': 'echo evil; exit 9' })
    const runtime = world.runtime()
    const env = {
      BASH_ENV: join(slug, 'evil.sh'),
      SHELLOPTS: 'noexec',
      POSIXLY_CORRECT: '1',
      'BASH_FUNC_printf%%': '() { exit 9; }',
      'BASH_FUNC_exec%%': '() { exit 9; }',
      TRIMTAB_LAUNCHER: 'exit 9',
      IFS: '0123456789',
      'odd.name': 'kept',
    }
    const spec = specOf(slug, 'true', { env })
    await runtime.start(spec, [])
    // BASH_ENV is the app's own business in the app's own shell; the launcher must not see it.
    expect((await exited(runtime, spec)).code).not.toBeNull()
    expect(readFileSync(join(world.dir(spec), 'claim'), 'utf8')).toMatch(/^\d+ \S+ \d+\n$/)
  })

  it.each([
    ['exit 0', 0, null],
    ['exit 7', 7, null],
    ['no-such-command', 127, null],
    ['kill -TERM $$', 143, 'SIGTERM'],
    ['kill -KILL $$', 137, 'SIGKILL'],
    ['kill -SEGV $$; true', 139, 'SIGSEGV'],
    ['kill -INT $$', 130, 'SIGINT'],
  ])('that does `%s` has exited with %s', async (command, code, signal) => {
    const world = createWorld()
    const runtime = world.runtime()
    const spec = specOf(world.slug(), command)
    const before = Date.now()
    await runtime.start(spec, [])
    const exit = await exited(runtime, spec)
    expect(exit).toMatchObject({ code, signal })
    expect(Math.abs(exit.at - before)).toBeLessThan(10_000)
    expect((await one(runtime, spec))?.pid).toBeUndefined()
  })

  it('logs nothing of the launcher, also when its command is killed', async () => {
    const world = createWorld()
    const runtime = world.runtime()
    const spec = specOf(world.slug(), 'echo out; echo err >&2; kill -SEGV $$')
    await runtime.start(spec, [])
    await exited(runtime, spec)
    expect(await runtime.tail('shop', 'shop.web.v1.1', 5)).toEqual(['out', 'err'])
  })

  it('that is a one-off gets no port and no address, and its end is an exit code', async () => {
    const world = createWorld()
    const runtime = world.runtime()
    const spec = specOf(world.slug(), 'echo "port=$PORT"; exit 3', { process: 'release', oneOff: true })
    const instance = await runtime.start(spec, [])
    expect([instance.address, instance.oneOff]).toEqual([undefined, true])
    expect((await exited(runtime, spec)).code).toBe(3)
    expect(await runtime.tail('shop', instance.name, 1)).toEqual(['port='])
  })

  it('is started once, however often and however simultaneously it is asked for', async () => {
    const world = createWorld()
    const runtime = world.runtime()
    const spec = specOf(world.slug(), 'echo started; sleep 1000')
    const answers = await Promise.all([runtime.start(spec, []), runtime.start(spec, []), runtime.start(spec, [])])
    await printed(runtime, spec, 'started')
    const again = await runtime.start({ ...spec, command: 'echo other' }, [])
    expect(new Set([...answers, again].map(({ pid }) => pid)).size).toBe(1)
    expect(await runtime.tail('shop', again.name, 10)).toEqual(['started'])
  })

  it('has nothing on its standard input, and no descriptor of the platform', async () => {
    const world = createWorld()
    const runtime = world.runtime()
    const spec = specOf(world.slug(), 'exec ls -l /proc/self/fd')
    await runtime.start(spec, [])
    await exited(runtime, spec)
    const lines = await runtime.tail('shop', 'shop.web.v1.1', 20)
    const open = lines.flatMap((line) => line.match(/\d+ -> .*/) ?? []).filter((line) => !line.includes('/proc/'))
    expect(open).toEqual(['0 -> /dev/null', expect.stringMatching(/^1 .*\.log$/), expect.stringMatching(/^2 .*\.log$/)])
  })

  it('leaves its leader alive in a group and session of their own', async () => {
    const world = createWorld()
    const runtime = world.runtime()
    const spec = specOf(world.slug(), 'sleep 1000')
    const { pid = 0 } = await runtime.start(spec, [])
    await until(() => existsSync(join(world.dir(spec), 'claim')))
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
    expect([Number(fields[2]), Number(fields[3])]).toEqual([pid, pid])
    expect(isRunning(pid)).toBe(true)
  })
})

describe('a start that cannot be', () => {
  it.each([
    [
      'a build result that is gone',
      { image: { key: 'k', ref: '/nowhere/at/all', processTypes: {}, configVars: {} } },
      /not there any more/,
    ],
    ['a NUL in the command', { command: 'a\0b' }, /NUL/],
    ['a NUL in a variable', { env: { A: 'a\0b' } }, /"A" cannot be put into an environment/],
    ['a variable that is none', { env: { 'A=B': 'x' } }, /"A=B" cannot be put into an environment/],
    ['an environment too large', { env: { A: 'x'.repeat(3_000_000) } }, /larger than the system allows/],
  ])('for %s says so, and leaves nothing', async (_what, more, message) => {
    const world = createWorld()
    const runtime = world.runtime()
    const spec = specOf(world.slug(), 'true', more)
    await expect(runtime.start(spec, [])).rejects.toMatchObject({ code: 'StartFailed', message: expect.stringMatching(message) })
    expect([await runtime.list('shop'), existsSync(world.dir(spec))]).toEqual([[], false])
  })

  it.each(['../evil', 'a/b', '..', '', '.hidden', 'a\0b', 'x'.repeat(300)])('for the app name %j is refused', async (app) => {
    const world = createWorld()
    const runtime = world.runtime()
    await expect(runtime.start(specOf(world.slug(), 'true', { app }), [])).rejects.toMatchObject({ code: 'Usage' })
    await expect(runtime.list(app)).rejects.toMatchObject({ code: 'Usage' })
    await expect(runtime.tail(app, 'x', 1)).rejects.toMatchObject({ code: 'Usage' })
  })
})

describe('remove', () => {
  it('forgets an exited instance, keeps its log, and refuses one that runs', async () => {
    const world = createWorld()
    const runtime = world.runtime()
    const spec = specOf(world.slug(), 'echo last words')
    await runtime.start(spec, [])
    await exited(runtime, spec)
    await runtime.remove('shop.web.v1.1')
    await runtime.remove('shop.web.v1.1')
    expect([await runtime.list('shop'), await runtime.apps(), existsSync(world.dir(spec))]).toEqual([[], [], false])
    expect(await runtime.tail('shop', 'shop.web.v1.1', 5)).toEqual(['last words'])

    await runtime.start({ ...spec, command: 'sleep 1000' }, [])
    await expect(runtime.remove('shop.web.v1.1')).rejects.toThrow('is running and cannot be removed')
    expect(await runtime.apps()).toEqual(['shop'])
  })

  it('keeps the logs of twenty removed instances', async () => {
    const world = createWorld()
    const logs = join(world.state, 'logs', 'shop')
    mkdirSync(logs, { recursive: true })
    for (let index = 1; index <= 30; index++) writeFileSync(join(logs, `shop.web.v${index}.1.log`), 'x\n')
    const runtime = world.runtime()
    const kept = Array.from({ length: 30 }, (_, index) => existsSync(join(logs, `shop.web.v${index + 1}.1.log`))).filter(Boolean)
    expect([kept.length, await runtime.apps()]).toEqual([20, []])
  })
})
