import { describe, expect, it } from 'vitest'
import type { InstanceSpec } from '../../../src/domain.ts'
import { LABEL } from '../../../src/engine/labels.ts'
import { createWorld, exited, one, printed, specOf, until } from './world.ts'

describe('an instance', () => {
  it('runs its command in the app directory, with its environment, a port and an address', async (context) => {
    const world = await createWorld(context)
    const runtime = world.runtime()
    const program =
      'console.log(JSON.stringify({env: process.env, cwd: process.cwd(), uid: process.getuid(), argv: process.argv.slice(1)}))'
    const spec = specOf(world, `node -e '${program}' "two words" $GREETING; exec sleep 1000`, {
      env: { GREETING: 'hi', PORT: '1' },
    })
    const instance = await runtime.start(spec, [])
    expect(instance).toMatchObject({ name: 'shop.web.v1.1', state: 'running', fingerprint: 'f1', imageKey: 'k1', oneOff: false })
    expect(instance.address).toEqual({ host: expect.stringMatching(/^\d+(\.\d+){3}$/), port: 5000 })
    expect(await one(runtime, spec)).toMatchObject({ ...instance, state: expect.any(String) })

    const seen = JSON.parse((await printed(runtime, spec, '}')).join(''))
    expect(seen).toMatchObject({ cwd: '/app', uid: 1000, argv: ['two words', 'hi'] })
    expect(seen.env).toMatchObject({ HOME: '/app', GREETING: 'hi', PORT: '5000' })
  })

  it('answers on its address', async (context) => {
    const world = await createWorld(context)
    const server = `node -e 'require("http").createServer((_, r) => r.end("hello")).listen(process.env.PORT)'`
    const { address } = await world.runtime().start(specOf(world, server), [])
    const answer = await until(() =>
      fetch(`http://${address?.host}:${address?.port}/`).then(
        (r) => r.text(),
        () => null,
      ),
    )
    expect(answer).toBe('hello')
  })

  it('sources .profile.d before the command', async (context) => {
    const world = await createWorld(context)
    const image = await world.derive('mkdir /app/.profile.d && echo "export FROM=profile" > /app/.profile.d/a.sh')
    const runtime = world.runtime()
    const spec = specOf({ image }, 'echo "from $FROM"; exec sleep 1000')
    await runtime.start(spec, [])
    await printed(runtime, spec, 'from')
    expect(await runtime.tail('shop', 'shop.web.v1.1', 5)).toEqual(['from profile'])
  })

  it('has the limits it was given, and no more rights than it needs', async (context) => {
    const world = await createWorld(context)
    const runtime = world.runtime()
    const spec = specOf(world, 'grep -E "^(CapEff|NoNewPrivs)" /proc/self/status; sleep 1000', {
      limits: { memoryBytes: 64 * 2 ** 20, cpus: 0.5 },
      stop: { signal: 'INT', timeoutMs: 2_500 },
    })
    await runtime.start(spec, [])
    const { HostConfig, Config, Name } = await world.inspect(spec)
    // The longer one where a test that runs at the same time has the other.
    expect(['/shop.web.v1.1', `/shop.web.v1.1.${world.platform}`]).toContain(Name)
    expect(HostConfig).toMatchObject({
      Memory: 64 * 2 ** 20,
      MemorySwap: 64 * 2 ** 20,
      NanoCpus: 5e8,
      PidsLimit: 1024,
      Init: true,
      Privileged: false,
      CapDrop: ['ALL'],
      CapAdd: null,
      SecurityOpt: ['no-new-privileges:true'],
      RestartPolicy: { Name: 'unless-stopped' },
      LogConfig: { Type: 'json-file', Config: { 'max-size': '10m', 'max-file': '3' } },
      Binds: null,
    })
    expect(Config).toMatchObject({ User: '1000', StopSignal: 'SIGINT', StopTimeout: 3 })
    expect(await printed(runtime, spec, 'CapEff')).toEqual(['CapEff:\t0000000000000000', 'NoNewPrivs:\t1'])
  })

  it('may use more cores than there are', async (context) => {
    const world = await createWorld(context)
    const spec = specOf(world, 'sleep 1000', { limits: { cpus: 4096 } })
    await world.runtime().start(spec, [])
    expect((await world.inspect(spec)).HostConfig.NanoCpus).toBe(0)
  })

  it('tells its labels who it is, and nothing of its environment', async (context) => {
    const world = await createWorld(context)
    const spec = specOf(world, 'sleep 1000', { env: { SECRET: 's3cret-value' } })
    await world.runtime().start(spec, [])
    const { Labels } = (await world.inspect(spec)).Config
    expect(Labels).toMatchObject({
      [LABEL.platform]: world.platform,
      [LABEL.app]: 'shop',
      [LABEL.process]: 'web',
      [LABEL.release]: '1',
      [LABEL.instance]: 'shop.web.v1.1',
      [LABEL.commit]: 'c'.repeat(40),
    })
    expect(JSON.stringify(Labels)).not.toContain('s3cret')
  })

  it.for([
    ['exit 0', 0, null],
    ['exit 7', 7, null],
    ['no-such-command', 127, null],
    ['kill -TERM $$', 143, 'SIGTERM'],
    ['kill -KILL $$', 137, 'SIGKILL'],
    ['kill -SEGV $$; true', 139, 'SIGSEGV'],
  ] as const)('that does `%s` has exited with %s', async ([command, code, signal], context) => {
    const world = await createWorld(context)
    const runtime = world.runtime()
    const spec = specOf(world, command)
    await runtime.start(spec, [])
    const exit = await exited(runtime, spec)
    expect(exit).toMatchObject({ code, signal })
    expect(Math.abs(exit.at - Date.now())).toBeLessThan(10_000)
  })

  it('that ran out of memory says so', async (context) => {
    const world = await createWorld(context)
    const runtime = world.runtime()
    const spec = specOf(world, `exec python3 -c 'x = b"x" * (200 << 20)'`, { limits: { memoryBytes: 32 * 2 ** 20 } })
    await runtime.start(spec, [])
    expect(await exited(runtime, spec)).toMatchObject({ code: 137, signal: 'SIGKILL', why: 'it ran out of memory (32M)' })
  })

  it('that is a one-off gets no port, no address and no second try, and its end is an exit code', async (context) => {
    const world = await createWorld(context)
    const runtime = world.runtime()
    const spec = specOf(world, 'echo "port=$PORT"; exit 3', { process: 'release', oneOff: true })
    const instance = await runtime.start(spec, [])
    expect([instance.address, instance.oneOff]).toEqual([undefined, true])
    expect((await exited(runtime, spec)).code).toBe(3)
    expect(await runtime.tail('shop', instance.name, 1)).toEqual(['port='])
    expect((await world.inspect(spec)).HostConfig.RestartPolicy?.Name).toBe('no')
  })

  it('is started once, however often and however simultaneously it is asked for', async (context) => {
    const world = await createWorld(context)
    const runtime = world.runtime()
    const spec = specOf(world, 'echo started; sleep 1000')
    const answers = await Promise.all([runtime.start(spec, []), runtime.start(spec, []), runtime.start(spec, [])])
    await printed(runtime, spec, 'started')
    const again = await world.runtime().start({ ...spec, command: 'echo other' }, [])
    expect(new Set([...answers, again].map(({ address }) => address?.host)).size).toBe(1)
    expect((await world.containers()).length).toBe(1)
  })

  it('of an image by somebody else runs as that image does', async (context) => {
    const world = await createWorld(context)
    const runtime = world.runtime()
    const entry = ['/bin/sh', '-c', 'echo "own entrypoint, $0 $PORT $(id -u)"; grep CapEff /proc/self/status; sleep 1000']
    const ref = await world.derive('true', { Entrypoint: entry, Cmd: ['argument'], User: '' })
    const image = { key: 'k', ref, processTypes: { web: 'as it is' }, configVars: {}, foreign: { port: 8080 } }
    const web = specOf(world, 'as it is', { image })
    expect((await runtime.start(web, [])).address?.port).toBe(8080)
    // CHOWN, DAC_OVERRIDE, FOWNER, KILL, SETGID, SETUID, NET_BIND_SERVICE
    expect(await printed(runtime, web, 'CapEff')).toEqual(['own entrypoint, argument 8080 0', 'CapEff:\t00000000000004eb'])

    const other = specOf(world, 'echo "$0 $PORT"', { image, process: 'worker' })
    await runtime.start(other, [])
    expect(await printed(runtime, other, '8080')).toEqual(['/bin/sh 8080'])

    const plain = await world.derive('true', { Entrypoint: entry, User: 'nobody' })
    const modest = specOf(world, 'x', {
      image: { ...image, ref: plain, processTypes: { web: 'x' }, foreign: {} },
      process: 'modest',
    })
    expect((await runtime.start(modest, [])).address?.port).toBe(5000)
    expect(await printed(runtime, modest, 'CapEff')).toEqual(['own entrypoint, /bin/sh 5000 65534', 'CapEff:\t0000000000000000'])
  })
})

describe('a start that cannot be', () => {
  it.for<[string, Partial<InstanceSpec>, RegExp, boolean]>([
    ['an image that is gone', { image: image('trimtab-test/nowhere:1') }, /not there any more, and is built again/, true],
    ['a name that no image has', { image: image('No Image!') }, /could not be started/, false],
    ['a NUL in the command', { command: 'a\0b' }, /NUL/, false],
    ['a NUL in a variable', { env: { A: 'a\0b' } }, /"A" cannot be put into an environment/, false],
    ['a variable that is none', { env: { 'A=B': 'x' } }, /"A=B" cannot be put into an environment/, false],
    ['a variable too large', { env: { A: 'x'.repeat(200_000) } }, /larger than the system allows/, false],
    ['a memory limit that no program can live in', { limits: { memoryBytes: 1024 } }, /memory limit/i, false],
  ])('for %s says so, and leaves nothing', async ([_what, more, message, retry], context) => {
    const world = await createWorld(context)
    const runtime = world.runtime()
    const start = runtime.start(specOf(world, 'true', more), [])
    await expect(start).rejects.toMatchObject({ code: 'StartFailed', message: expect.stringMatching(message), retry })
    expect([await runtime.list('shop'), await world.containers()]).toEqual([[], []])
  })

  it('for a program that is not in the image says so, and leaves nothing', async (context) => {
    const world = await createWorld(context)
    const runtime = world.runtime()
    const ref = await world.derive('true', { Entrypoint: ['/not/here'] })
    const foreign = { key: 'k', ref, processTypes: { web: 'x' }, configVars: {}, foreign: {} }
    // With an init in front of it, it is the init that does not find it.
    const spec = specOf(world, 'x', { image: foreign })
    await runtime.start(spec, []).catch((error) => expect(error).toMatchObject({ code: 'StartFailed', retry: false }))
    const found = await one(runtime, spec)
    if (found) expect((await exited(runtime, spec)).code).toBe(127)
  })

  it.for(['../evil', 'a/b', '..', '', '.hidden', 'a\0b', 'x'.repeat(300)])(
    'for the app name %j is refused',
    async (app, context) => {
      const world = await createWorld(context)
      const runtime = world.runtime()
      await expect(runtime.start(specOf(world, 'true', { app }), [])).rejects.toMatchObject({ code: 'Usage' })
      await expect(runtime.list(app)).rejects.toMatchObject({ code: 'Usage' })
      await expect(runtime.tail(app, 'x', 1)).rejects.toMatchObject({ code: 'Usage' })
    },
  )
})

function image(ref: string): InstanceSpec['image'] {
  return { key: 'k', ref, processTypes: {}, configVars: {} }
}
