import { expect, test, vi } from 'vitest'
import { failureOf, imageOf } from '../world.ts'
import { run } from './run.ts'
import { dockerfile, type World, world } from './world.ts'

const TOKEN = 'a-token-that-nobody-may-see'
const KEY = '-----BEGIN KEY-----\nfirst-line-of-it\nsecond-line-of-it\n-----END KEY-----\n'

async function output(w: World, image: { ref: string }, command: string[]): Promise<string> {
  const ran = await run(w, image, command)
  await ran.exit
  await w.engine.docker.getContainer(ran.id).remove()
  return ran.output()
}

test('secrets are mounted for the lines that ask for them, and are nowhere else', { timeout: 120_000 }, async (context) => {
  const w = await world(context, { secrets: { 'npm-token': TOKEN, key: KEY, other: 'not-for-this-app' } })
  const text = [
    `FROM ${w.stack}`,
    'WORKDIR /srv',
    'RUN --mount=type=secret,id=npm-token wc -c < /run/secrets/npm-token > length && cat /run/secrets/npm-token && echo',
    'RUN --mount=type=secret,id=key,target=/tmp/key grep -c ine-of-i /tmp/key > lines && cat /tmp/key',
    'RUN --mount=type=secret,id=other test ! -e /run/secrets/other && ls -A /run/secrets > left 2>&1 || true',
    'COPY . .',
    'CMD ["true"]',
  ].join('\n')
  const settings = { dockerfile: dockerfile('Dockerfile', { secrets: ['key', 'npm-token'] }) }
  // For the network that the images are tried on.
  imageOf(
    await w.build(await w.plan({ Dockerfile: `FROM ${w.stack}\n` }, { settings: { dockerfile: dockerfile('Dockerfile') } })),
  )
  const plan = await w.plan({ Dockerfile: text, '.dockerignore': 'app.yaml\n', 'app.yaml': 'x-a: b' }, { settings })
  const image = imageOf(await w.build(plan))
  expect(await output(w, image, ['sh', '-c', 'cat length lines; ls -A'])).toBe(
    `${TOKEN.length}\n2\n.dockerignore\nDockerfile\nleft\nlength\nlines\n`,
  )

  const { docker } = w.engine
  const log = await w.log(plan)
  expect(log).toContain('-----> [3/6] RUN --mount=type=secret,id=npm-token wc -c')
  expect(log).toMatch(/\n\*\*\*\n/)
  const said = [log, await docker.getImage(image.ref).inspect(), await docker.getImage(image.ref).history()]
  expect(JSON.stringify(said)).not.toMatch(/nobody-may-see|line-of-it|not-for-this-app/)
  const files = await output(w, image, ['grep', '-rsl', '-e', TOKEN, '-e', 'first-line-of-it', '/srv', '/run', '/tmp', '/root'])
  expect(files).toBe('')

  // The names decide, not what stands in them.
  const key = async (secrets: string[]) => {
    const changed = { dockerfile: dockerfile('Dockerfile', { secrets }) }
    return (await w.plan({ Dockerfile: text, '.dockerignore': 'app.yaml\n' }, { settings: changed })).key
  }
  expect([await key(['key', 'npm-token']), new Set([await key(['key']), await key([])]).has(plan.key)]).toEqual([plan.key, false])
})

test('a line that fails with a secret in its mouth does not tell it; a secret that is not there is said', async (context) => {
  const w = await world(context, { secrets: { 'npm-token': TOKEN } })
  const text = `FROM ${w.stack}\nRUN --mount=type=secret,id=npm-token cat /run/secrets/npm-token; echo no luck; exit 3\n`
  const settings = { dockerfile: dockerfile('Dockerfile', { secrets: ['npm-token'] }) }
  const { code, message, retry } = failureOf(await w.build(await w.plan({ Dockerfile: text }, { settings })))
  expect({ code, retry }).toEqual({ code: 'BuildFailed', retry: false })
  expect(message).toMatch(/^Dockerfile: \[2\/2\] RUN --mount=[\s\S]* failed: [\s\S]*\*\*\*no luck/)
  expect(message).not.toContain(TOKEN)
  const none = { dockerfile: dockerfile('Dockerfile', { secrets: ['nothing'] }) }
  expect(failureOf(await w.build(await w.plan({ Dockerfile: text }, { settings: none }))).message).toBe(
    'app.yaml build.dockerfile.secrets: there is no secret nothing in platform.yaml.',
  )
})

test('BuildKit ends with a build that is cancelled', { timeout: 120_000 }, async (context) => {
  const w = await world(context, { secrets: { s: TOKEN } })
  const text = `FROM ${w.stack}\nRUN --mount=type=secret,id=s echo it began; exec -a ${w.platform} sleep 300\n`
  const shell = `FROM ${w.stack}\nSHELL ["/bin/bash", "-c"]\n${text.split('\n')[1]}\n`
  const plan = await w.plan({ Dockerfile: shell }, { settings: { dockerfile: dockerfile('Dockerfile', { secrets: ['s'] }) } })
  w.builder.want('shop', plan)
  await vi.waitFor(async () => expect(await w.log(plan)).toContain('it began\n'), 60_000)
  w.builder.want('shop', null)
  await w.until(plan, ({ state }) => state === 'failed')
  const { readdirSync, readFileSync } = await import('node:fs')
  const sleeping = () =>
    readdirSync('/proc').some((pid) => {
      try {
        return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/cmdline`, 'utf8').startsWith(`${w.platform}\0`)
      } catch {
        return false
      }
    })
  await vi.waitFor(() => expect(sleeping()).toBe(false), 20_000)
})

test('arguments, a stage and a context from the root of the repository', { timeout: 120_000 }, async (context) => {
  const w = await world(context)
  const text = [
    `FROM ${w.stack} AS base`,
    'ARG GREETING=none',
    'ARG MODE',
    'WORKDIR /srv',
    'COPY . .',
    'RUN echo "$GREETING $MODE" > said && find . -type f > /found && sort /found > files',
    'CMD ["cat", "said", "files"]',
    'FROM base AS tests',
    'RUN exit 1',
  ].join('\n')
  const tree = {
    'shared/lib.txt': 'x',
    'services/shop/Dockerfile': text,
    'services/shop/app.yaml': 'x-a: b',
    'services/shop/main.txt': 'y',
    'services/blog/app.yaml': 'x-a: b',
    'services/blog/secret.txt': 'z',
    '.dockerignore': 'services/blog/*.txt\n',
  }
  const options = { args: { GREETING: 'hello', MODE: 'fast $(x)' }, target: 'base', context: '' }
  const on = (more: object, files = tree) =>
    w.plan(files, {
      path: 'services/shop',
      settings: { dockerfile: dockerfile('Dockerfile', { ...options, ...more }), env: { MODE: 'slow' } },
    })
  const plan = await on({})
  const image = imageOf(await w.build(plan))
  const ran = await run(w, image)
  await ran.exit
  const files = [
    './.dockerignore',
    './said',
    './services/blog/app.yaml',
    './services/shop/Dockerfile',
    './services/shop/main.txt',
    './shared/lib.txt',
  ]
  expect(ran.output()).toBe(`hello fast $(x)\n${files.join('\n')}\n`)
  await w.engine.docker.getContainer(ran.id).remove()

  const keys = await Promise.all([
    on({}, { ...tree, 'services/shop/app.yaml': 'x-a: c' }),
    on({}, { ...tree, 'shared/lib.txt': 'changed' }),
    on({ target: 'tests' }),
    on({ args: { GREETING: 'bye' } }),
    on({ context: 'services' }),
  ])
  expect(keys[0]?.key).toBe(plan.key)
  expect(new Set([plan, ...keys.slice(1)].map(({ key }) => key)).size).toBe(5)
  await expect(on({ context: 'nowhere' })).rejects.toMatchObject({
    code: 'BuildFailed',
    message: expect.stringContaining('no folder "nowhere"'),
  })
  expect(failureOf(await w.build(await on({ context: 'shared' }))).message).toBe(
    'app.yaml build.dockerfile: "services/shop/Dockerfile" is not below the context "shared".',
  )
  expect(failureOf(await w.build(await on({ target: 'none' }))).message).toContain('none')
})
