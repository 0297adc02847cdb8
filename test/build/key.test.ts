import { expect, test } from 'vitest'
import { HELLO, pack, world } from './world.ts'

test('config alone is no input: app.yaml at the top is not, a change of it needs no build', async () => {
  const { plan } = await world()
  const { key } = await plan(HELLO)
  expect(key).toMatch(/^[0-9a-f]{40}$/)
  expect((await plan({ ...HELLO, 'app.yaml': 'env: {A: b}\n' })).key).toBe(key)
  expect((await plan({ ...HELLO, 'sub/app.yaml': 'env: {A: b}\n' })).key).not.toBe(key)
  expect((await plan(HELLO, { app: 'other' })).key).toBe(key)
  expect((await plan(HELLO, { settings: { timeoutMs: 1 } })).key).toBe(key)
})

test('everything that decides the slug is one: files, modes, build env, buildpacks, the platform’s own build env', async () => {
  const { plan, builder } = await world()
  const keys = [
    await plan(HELLO),
    await plan({ ...HELLO, 'a.txt': 'x' }),
    await plan({ ...HELLO, 'a.txt': { text: 'x', mode: 0o755 } }),
    await plan({ ...HELLO, Procfile: 'web: x\n' }),
    await plan(HELLO, { settings: { env: { A: '1' } } }),
    await plan(HELLO, { settings: { env: { A: '2' } } }),
    await plan(HELLO, { settings: { buildpacks: ['nodejs'] } }),
    await plan(HELLO, { settings: { buildpacks: ['nodejs', 'static'] } }),
    await plan(HELLO, { settings: { buildpacks: ['static', 'nodejs'] } }),
  ].map((one) => one.key)
  builder.configure({ builds: { concurrency: 1, timeoutMs: 1000, env: { HTTPS_PROXY: 'http://proxy.example.com' } } })
  keys.push((await plan(HELLO)).key)
  expect(new Set(keys).size).toBe(keys.length)
})

test('the order of variables is none; heroku/nodejs is nodejs', async () => {
  const { plan } = await world()
  const one = await plan(HELLO, { settings: { env: { A: '1', B: '2' } } })
  expect((await plan(HELLO, { settings: { env: { B: '2', A: '1' } } })).key).toBe(one.key)
  const short = await plan(HELLO, { settings: { buildpacks: ['nodejs'] } })
  expect((await plan(HELLO, { settings: { buildpacks: ['heroku/nodejs'] } })).key).toBe(short.key)
})

test('a pack of the repository counts with its content, wherever it lies; the rest of the repository does not', async () => {
  const { plan } = await world()
  const at = { path: 'services/shop', settings: { buildpacks: ['./packs/ours'] } }
  const tree = { 'services/shop/a.txt': 'a', ...pack('true', { at: 'packs/ours/' }) }
  const { key } = await plan(tree, at)
  expect((await plan({ ...tree, 'README.md': 'else' }, at)).key).toBe(key)
  expect((await plan({ ...tree, ...pack('false', { at: 'packs/ours/' }) }, at)).key).not.toBe(key)
})

test('a commit is resolved once', async () => {
  const { plan, source } = await world()
  const commit = await source.commit(HELLO)
  let asked = 0
  const entries = source.entries.bind(source)
  source.entries = (...args) => {
    asked += 1
    return entries(...args)
  }
  for (let i = 0; i < 5; i += 1) await plan(commit)
  expect(asked).toBe(1)
})

test.each([
  ['http://git.example.com/pack.git#v1', 'git.allow of platform.yaml does not name http'],
  ['file:///srv/pack.git', 'git.allow of platform.yaml does not name file'],
  ['https://user:secret@git.example.com/pack.git', 'buildpacks are read without credentials'],
  ['https://git.example.com/pack.git#', 'expected a branch, a tag or a commit'],
  ['https://git.example.com/pack.git#--upload-pack=x', 'expected a branch, a tag or a commit'],
  ['ext::sh -c id', 'expected a path, file:///path'],
  ['github.com/acme/pack', 'expected an address with its scheme, such as https://github.com/acme/pack'],
  ['https://git.example.com/pack.tgz', 'archives are not fetched'],
  ['urn:buildpack:heroku/ruby', 'no register of names'],
  ['nodejz', 'there is no built-in buildpack "nodejz"; there are '],
  ['../../../etc', 'leaves the repository'],
  ['./packs/none', 'there is no folder "packs/none"'],
  ['./empty', 'it has no executable bin/detect and no executable bin/compile'],
  ['./supply', 'has bin/supply and no bin/finalize: another buildpack has to come after it'],
])('.buildpacks naming %s is refused with its line', async (line, why) => {
  const { plan } = await world()
  const tree = {
    ...HELLO,
    '.buildpacks': `# packs\n\nnodejs\n${line}\n`,
    'empty/bin/compile': 'not executable',
    'supply/bin/supply': { text: '' },
  }
  const refusal = expect.objectContaining({
    code: 'NoBuildpack',
    retry: false,
    message: expect.stringMatching(/^\.buildpacks:4: /),
  })
  await expect(plan(tree)).rejects.toThrow(refusal)
  await expect(plan(tree)).rejects.toThrow(why)
})

test('.buildpacks naming more than anybody needs is refused as a whole', async () => {
  const { plan } = await world()
  const many = Array.from({ length: 30 }, (_, at) => `https://git.example.com/${at}.git\n`).join('')
  await expect(plan({ ...HELLO, '.buildpacks': many })).rejects.toThrow(/^\.buildpacks:21: at most 20 buildpacks are taken\.$/)
})

test('what app.yaml names comes before .buildpacks', async () => {
  const { plan } = await world()
  const tree = { ...HELLO, '.buildpacks': 'https://git.example.com/pack.git\n' }
  await expect(plan(tree, { settings: { buildpacks: ['nodejs'] } })).resolves.toBeDefined()
})
