import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { failureOf, HELLO, imageOf, pack, world } from './world.ts'

test('bin/compile gets BUILD, CACHE and ENV_DIR, and what it leaves in BUILD is the slug', async () => {
  const { build, plan, log } = await world()
  const compile = `
    [ "$PWD" = "$1" ] && [ "$STACK" = host ] && [ -d "$HOME" ] && [ "$HOME" != "$1" ]
    echo "args: $#"; ls "$3"; printf '%s' "$(cat "$3/GREETING")" > "$1/made.txt"
    mkdir -p "$1/.profile.d"; echo 'export X=1' > "$1/.profile.d/x.sh"`
  const tree = pack(`set -e${compile}`, { release: 'echo "default_process_types: {web: ./run}"; echo "config_vars: {A: b}"' })
  const one = await plan(tree, { settings: { env: { GREETING: 'hello\nworld  ', OTHER: '' } } })
  const image = imageOf(await build(one))
  expect(image.processTypes).toEqual({ web: './run' })
  expect(image.configVars).toEqual({ A: 'b' })
  expect(await readFile(join(image.ref, 'made.txt'), 'utf8')).toBe('hello\nworld  ')
  expect(await readFile(join(image.ref, '.profile.d/x.sh'), 'utf8')).toContain('X=1')
  expect(await log(one)).toMatch(/^-----> Own app detected\nargs: 3\nGREETING\nOTHER\n-----> Discovering process types\n/)
})

test('the log reads as on Heroku', async () => {
  const { build, plan, log } = await world()
  const one = await plan({ ...HELLO, Procfile: 'web: node server.js\nworker: node worker.js\n' })
  imageOf(await build(one))
  expect((await log(one)).replace(/in [\d.]+s/, 'in 1.2s')).toBe(
    `-----> Node.js app detected
       No dependencies to install, nothing to build.
-----> Discovering process types
       Procfile declares types   -> web, worker
       Default types for Node.js -> web
-----> Build succeeded in 1.2s
`,
  )
})

test('the cache is the app’s: it is there at its next build, and not at another app’s', async () => {
  const { build, plan, log } = await world()
  const tree = pack('echo "before: $(cat "$2/n" 2>/dev/null)"; echo "$(basename "$1")" > "$2/n"')
  const runs = [
    await plan({ ...tree, n: '1' }, { app: 'a' }),
    await plan({ ...tree, n: '2' }, { app: 'a' }),
    await plan({ ...tree, n: '3' }, { app: 'b' }),
  ]
  for (const one of runs) imageOf(await build(one))
  const lines = await Promise.all(runs.map(async (one) => (await log(one)).split('\n').find((line) => line.startsWith('before'))))
  expect(lines).toEqual(['before: ', 'before: app', 'before: '])
})

test('several packs in order: `export` of the earlier ones is sourced, the later one’s release wins', async () => {
  const { build, plan, log } = await world()
  const first = `[ "$(pwd)" = "$1" ]; bp=$(cd "$(dirname "$0")/.." && pwd); echo 'export TOOL="a tool"; export PATH="/tool/bin:$PATH"' > "$bp/export"`
  const second = 'echo "TOOL=$TOOL"; echo "PATH starts $(echo "$PATH" | cut -d: -f1)"'
  const tree = {
    ...pack(first, { at: 'packs/one/', detect: 'echo One', release: 'echo "default_process_types: {web: one, clock: one}"' }),
    ...pack(second, { at: 'packs/two/', detect: 'echo Two', release: 'echo "default_process_types: {web: two}"' }),
    '.buildpacks': '# ours\n./packs/one\n\n./packs/two/\n',
  }
  const one = await plan(tree)
  const image = imageOf(await build(one))
  expect(image.processTypes).toEqual({ web: 'two', clock: 'one' })
  const text = await log(one)
  expect(text).toMatch(/One app detected[\s\S]*Two app detected\nTOOL=a tool\nPATH starts \/tool\/bin\n/)
})

test('a pack of the repository may lie outside of the app, and app.yaml may mix it with built-in ones', async () => {
  const { build, plan } = await world()
  const tree = Object.fromEntries(Object.entries(HELLO).map(([path, what]) => [`apps/shop/${path}`, what]))
  const one = await plan(
    { ...tree, ...pack('echo made > "$1/made"', { at: 'packs/ours/' }) },
    { path: 'apps/shop', settings: { buildpacks: ['./packs/ours', 'nodejs'] } },
  )
  const image = imageOf(await build(one))
  expect(image.processTypes).toEqual({ web: 'node server.js' })
  expect(await readFile(join(image.ref, 'made'), 'utf8')).toBe('made\n')
  await expect(stat(join(image.ref, 'apps'))).rejects.toThrow()
})

test('an app that carries its own bin/detect, compile and release is its own buildpack, also through links', async () => {
  const { build, plan } = await world()
  const own = pack('echo own > made')
  const linked = {
    ...own,
    'bin/compile': { link: '../tools/compile.sh' },
    'tools/compile.sh': { text: '#!/bin/sh\necho linked > made\n' },
  }
  for (const [tree, made] of [
    [own, 'own\n'],
    [linked, 'linked\n'],
  ] as const) {
    const image = imageOf(await build(await plan({ ...HELLO, ...tree })))
    expect(await readFile(join(image.ref, 'made'), 'utf8')).toBe(made)
  }
  // With one of the three missing or not executable it is an ordinary app.
  const plain = imageOf(await build(await plan({ ...HELLO, ...own, 'bin/release': 'not executable' })))
  expect(plain.processTypes).toEqual({ web: 'node server.js' })
})

test('more than one fits: the first is taken, and the log says so', async () => {
  const { build, plan, log } = await world()
  const one = await plan({ ...HELLO, 'index.html': '<p>', 'requirements.txt': '' })
  imageOf(await build(one))
  expect(await log(one)).toContain(
    '-----> Node.js app detected\n       It also looks like Python, Static; Node.js comes first.\n',
  )
})

test('.slugignore applies before the packs see the tree', async () => {
  const { build, plan, log } = await world()
  const tree = { ...pack('ls -A "$1"'), '.slugignore': '*.psd\n/docs\n', 'a.psd': 'x', 'art/b.psd': 'x', 'docs/c.md': 'x' }
  const one = await plan(tree)
  imageOf(await build(one))
  expect(await log(one)).toContain('-----> Deleting 3 files matching .slugignore patterns.\n')
  expect(await log(one)).toContain('Own app detected\n.slugignore\nart\nbin\n')
})

test('bin/release may be missing, and may write to /dev/stderr, as may the others', async () => {
  const { build, plan, log } = await world()
  const noisy = { detect: 'echo note > /dev/stderr; echo Noisy', release: 'echo odd > /dev/stderr; echo "config_vars: {A: b}"' }
  const one = await plan(pack('echo out; echo err > /dev/stderr; echo both | tee /dev/stderr', noisy))
  expect(imageOf(await build(one)).configVars).toEqual({ A: 'b' })
  expect(await log(one)).toMatch(/note\n-----> Noisy app detected\nout\nerr\nboth\nboth\nodd\n/)
  const { 'packs/p/bin/release': _, ...rest } = pack('true', { at: 'packs/p/' })
  expect(imageOf(await build(await plan(rest, { settings: { buildpacks: ['./packs/p'] } }))).processTypes).toEqual({})
})

test('config_vars and process types of a hostile bin/release end in BuildFailed, and no slug is left', async () => {
  const { build, plan, builder } = await world()
  const one = await plan(pack('true', { release: 'head -c 100000000 /dev/zero | tr "\\0" x' }))
  expect(failureOf(await build(one))).toMatchObject({ code: 'BuildFailed', message: expect.stringContaining('more than 64 KB') })
  expect(await builder.find(one.key)).toBeNull()
})
