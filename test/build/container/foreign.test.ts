import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { expect, onTestFinished, test, vi } from 'vitest'
import { commit } from '../../../src/build/container/commit.ts'
import { createEngine } from '../../../src/engine/engine.ts'
import { failureOf, HELLO, imageOf } from '../world.ts'
import { answer, run } from './run.ts'
import { dockerfile, type World, world } from './world.ts'

const SERVER = "require('http').createServer((q, s) => s.end('somebody else')).listen(process.env.PORT || 5000)"

/** An image that somebody else has made, under a name of this engine. */
async function made(w: World, name: string, config: object): Promise<string> {
  const { docker } = w.engine
  const container = await docker.createContainer({ Image: w.stack, Cmd: ['true'], HostConfig: { NetworkMode: 'none' } })
  await commit(w.engine, container.id, name, config)
  await container.remove()
  onTestFinished(async () => {
    await createEngine(w.engine.socket)
      .docker.getImage(name)
      .remove({ force: true })
      .catch(() => {})
  })
  return name
}

test('an image of this engine: taken as it is, where it cannot be pulled; its command and its port are known', async (context) => {
  const w = await world(context)
  imageOf(await w.build(await w.plan(HELLO))) // for the network
  const config = {
    Entrypoint: ['node', '-e'],
    Cmd: [SERVER],
    ExposedPorts: { '5000/tcp': {}, '53/udp': {} },
    Env: ['A=b'],
    User: '65534',
    Labels: { own: 'label' },
  }
  const name = await made(w, `127.0.0.1:9/${w.platform}/app:1`, config)
  const plan = await w.plan({ 'README.md': 'x' }, { settings: { image: name } })
  const image = imageOf(await w.build(plan))
  expect(image).toEqual({
    key: plan.key,
    ref: `trimtab/${w.platform}:${plan.key}`,
    processTypes: { web: `node -e '${SERVER.replaceAll("'", "'\\''")}'` },
    configVars: {},
    foreign: { port: 5000 },
    materials: { packs: [], versions: {}, reference: name },
  })
  expect(await w.builder.find(plan.key)).toEqual(image)
  expect(await w.log(plan)).toMatch(
    /-----> Pulling 127\.0\.0\.1:9[\s\S]*cannot be pulled[\s\S]*is taken as it is[\s\S]*sha256:[0-9a-f]{64}, which is in no registry/,
  )
  expect(await answer(await run(w, image))).toBe('somebody else')
  const { Config, RootFS } = await w.engine.docker.getImage(image.ref).inspect()
  expect(Config).toMatchObject({
    ...config,
    Env: expect.arrayContaining(['A=b']),
    Labels: { own: 'label', 'trimtab.key': plan.key, 'trimtab.platform': w.platform },
  })
  const original = await w.engine.docker.getImage(name).inspect()
  expect(RootFS.Layers?.slice(0, original.RootFS.Layers?.length)).toEqual(original.RootFS.Layers)

  // The command is one that a shell takes for the same.
  const [, script = ''] = /^node -e (.*)$/s.exec(image.processTypes.web ?? '') ?? []
  const echoed = await new Promise((resolve) => execFile('sh', ['-c', `printf %s ${script}`], (_, out) => resolve(out)))
  expect(echoed).toBe(SERVER)
})

test('a tag is looked up for every new tree, a digest never again; several ports, and no command, are said as such', async (context) => {
  const w = await world(context)
  const plans = async (image: string) => [
    await w.plan({ 'README.md': 'one' }, { settings: { image } }),
    await w.plan({ 'README.md': 'two' }, { settings: { image } }),
    await w.plan({ 'README.md': 'two', 'app.yaml': 'env: {A: b}' }, { settings: { image } }),
  ]
  const tags = (await plans('shop:1')).map(({ key }) => key)
  expect([new Set(tags).size, tags[1] === tags[2]]).toEqual([2, true])
  const digest = createHash('sha256').update('x').digest('hex')
  expect(new Set((await plans(`shop@sha256:${digest}`)).map(({ key }) => key)).size).toBe(1)

  const name = await made(w, `trimtab/${w.platform}-two:1`, {
    Entrypoint: null,
    Cmd: null,
    ExposedPorts: { '1/tcp': {}, '2/tcp': {} },
  })
  const image = imageOf(await w.build(await w.plan({ a: '' }, { settings: { image: name } })))
  expect(image).toMatchObject({ processTypes: {}, foreign: {} })
})

test('an image that is nowhere: an error that says why, worth another try only where the registry does not answer', async (context) => {
  const w = await world(context)
  const away = failureOf(await w.build(await w.plan({ a: '' }, { settings: { image: '127.0.0.1:9/none:1' } })))
  expect(away).toMatchObject({
    code: 'BuildFailed',
    retry: true,
    message: expect.stringContaining('127.0.0.1:9/none:1 cannot be pulled'),
  })
})

test('a Dockerfile: its context, arguments and limits; its steps in the log', async (context) => {
  const w = await world(context, {
    builds: {
      concurrency: 1,
      timeoutMs: 60_000,
      env: { HTTP_PROXY: 'http://proxy-secret.example.com', MIRROR: 'mirror-secret' },
      memoryBytes: 256 << 20,
    },
  })
  const text = [
    `FROM ${w.stack}`,
    `LABEL own=${w.platform}`,
    'ARG GREETING',
    'WORKDIR /srv',
    'COPY . .',
    'RUN echo "$GREETING of $HTTP_PROXY; mirror: $MIRROR" && ls -A > files && cat /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/memory.max 2>/dev/null; true',
    'USER 1000',
    'EXPOSE 8080',
    `CMD ["node", "-e", ${JSON.stringify(SERVER)}]`,
  ].join('\n')
  const tree = {
    'app.yaml': 'build: {dockerfile: docker/Web}\n',
    'docker/Web': text,
    '.dockerignore': '*.md\n!README.md\ndocker\nsecret/**\n',
    'README.md': '',
    'NEWS.md': '',
    'secret/key': '',
    'run.sh': { text: 'x', mode: 0o755 },
  }
  const settings = { dockerfile: dockerfile('docker/Web'), env: { GREETING: 'hello' } }
  const plan = await w.plan(tree, { settings })
  const image = imageOf(await w.build(plan))
  expect(image).toMatchObject({ foreign: { port: 8080 }, processTypes: { web: expect.stringContaining('node -e ') } })
  const log = await w.log(plan)
  expect(log).toContain('-----> Step 5/9: COPY . .\n')
  expect(log).toContain('hello of http://proxy-secret.example.com; mirror: \n')
  expect(log).toContain(`${256 << 20}`)
  const files = await run(w, image, ['cat', '/srv/files'])
  await files.exit
  await w.engine.docker.getContainer(files.id).remove()
  expect(files.output().split('\n').filter(Boolean).sort()).toEqual(
    ['.dockerignore', 'README.md', 'docker', 'files', 'run.sh'].sort(),
  )
  const { docker } = w.engine
  const said = JSON.stringify([await docker.getImage(image.ref).inspect(), await docker.getImage(image.ref).history()])
  expect(said).not.toMatch(/proxy-secret|mirror-secret/)

  // Another build of the app begins where the two differ, and leaves nothing that it does not need itself.
  const second = await w.plan({ ...tree, 'README.md': 'more' }, { settings })
  imageOf(await w.build(second))
  expect(await w.log(second)).toMatch(
    /Step 4\/9: WORKDIR \/srv\n {7}as it was built before\n-----> Step 5\/9: COPY \. \.\n-----> Step 6/,
  )

  const keys = [
    plan,
    await w.plan(tree, { settings: { ...settings, env: { GREETING: 'bye' } } }),
    await w.plan({ ...tree, more: '' }, { settings }),
    await w.plan(tree),
  ]
  expect(new Set(keys.map(({ key }) => key)).size).toBe(4)
  w.builder.want('shop', null)
  await w.builder.prune(() => new Set())
  expect(await docker.listImages({ all: true, filters: { label: [`own=${w.platform}`] } })).toEqual([])
})

test('a Dockerfile that fails names the step; cancelled, it ends; one that is not there is said', async (context) => {
  const w = await world(context)
  const fails = await w.plan(
    { Dockerfile: `FROM ${w.stack}\nRUN echo so far\nRUN echo no luck; exit 3\n` },
    { settings: { dockerfile: dockerfile('Dockerfile') } },
  )
  const failure = failureOf(await w.build(fails))
  expect(failure).toMatchObject({ code: 'BuildFailed', retry: false })
  expect(failure.message).toMatch(/^Dockerfile: step 3\/3 \(RUN echo no luck; exit 3\) failed: [\s\S]*no luck/)
  const none = await w.plan({ a: '' }, { settings: { dockerfile: dockerfile('docker/None') } })
  expect(failureOf(await w.build(none)).message).toContain('there is no file docker/None')

  const slow = await w.plan(
    { Dockerfile: `FROM ${w.stack}\nRUN echo it began; sleep 300 && echo ${w.platform}\n` },
    { settings: { dockerfile: dockerfile('Dockerfile') } },
  )
  w.builder.want('shop', slow)
  const running = async () => (await w.engine.docker.listContainers()).filter(({ Command }) => Command.includes('sleep 300'))
  await vi.waitFor(async () => expect(await running()).toHaveLength(1), 20_000)
  w.builder.want('shop', null)
  await w.until(slow, ({ state }) => state === 'failed')
  await vi.waitFor(async () => expect(await running()).toEqual([]), 10_000)
})
