import { existsSync, readFileSync } from 'node:fs'
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { TrimtabError } from '../../src/errors.ts'
import { BUILDPACKS, failureOf, HELLO, imageOf, pack, world } from './world.ts'

const ORDER = ['ruby', 'nodejs', 'python', 'java', 'php', 'go', 'rust', 'static']

test('nothing fits: NoBuildpack says what was looked for and what is there', async () => {
  const { build, plan, log } = await world()
  const one = await plan({ 'main.c': 'int main;', 'notes/a.txt': 'x' })
  const failure = failureOf(await build(one))
  expect(failure).toMatchObject({ code: 'NoBuildpack', retry: false })
  expect(failure.message).toBe(`No buildpack fits this app. Looked for:
  its own: bin/detect, bin/compile and bin/release, all executable
${ORDER.map((name) => `  ${name}: ${readFileSync(join(BUILDPACKS, name, 'looks-for'), 'utf8').trim()}`).join('\n')}
Found: main.c, notes.
Name one in app.yaml (build: {buildpacks: [nodejs]}), or add what it looks for.`)
  expect(await log(one)).toBe(' !     No buildpack fits this app. Looked for:\n')
})

test('a named pack that does not fit is NoBuildpack too, with what its detect said', async () => {
  const { build, plan, log } = await world()
  const named = await plan(HELLO, { settings: { buildpacks: ['python'] } })
  expect(failureOf(await build(named)).message).toBe('The buildpack python does not fit this app: its bin/detect exited with 1.')
  const own = await plan(pack('true', { detect: 'echo not today; exit 3' }))
  expect(failureOf(await build(own))).toMatchObject({ code: 'NoBuildpack', message: expect.stringContaining('exited with 3') })
  expect(await log(own)).toContain('not today')
})

test('a failing compile: which pack, its exit code, the last lines; the log is kept, the slug is not', async () => {
  const { root, build, plan, builder, log } = await world()
  const one = await plan(pack('for i in $(seq 100); do echo "line $i"; done; exit 7'))
  const failure = failureOf(await build(one))
  expect(failure).toMatchObject({ code: 'BuildFailed', retry: false })
  expect(failure.message).toMatch(
    /^The \.\/ buildpack failed: bin\/compile exited with 7\. The end of its log:\nline 81\n[\s\S]*line 100$/,
  )
  expect(await log(one)).toContain('line 1\nline 2\n')
  expect(await builder.find(one.key)).toBeNull()
  expect(existsSync(join(root, 'state/slugs', one.key))).toBe(false)
})

test.each([
  ['killed', 'kill -9 $$', 'bin/compile was ended by SIGKILL, perhaps for want of memory'],
  ['with a broken interpreter', '', 'bin/compile exited with 12'],
])('a compile %s is told as such', async (name, text, why) => {
  const { build, plan } = await world()
  const tree = pack(text)
  if (name.includes('interpreter')) tree['bin/compile'] = { text: '#!/no/such/interpreter\n' }
  expect(failureOf(await build(await plan(tree)))).toMatchObject({ code: 'BuildFailed', message: expect.stringContaining(why) })
})

test('a failure is not tried again by itself, and is with `again`', async () => {
  const { build, plan, root } = await world()
  const flag = join(root, 'works')
  const one = await plan(pack(`[ -e ${flag} ]`))
  failureOf(await build(one))
  await writeFile(flag, '')
  failureOf(await build(one))
  imageOf(await build(one, true))
})

test('too little room: DiskFull before anything is begun, and it may be tried again', async () => {
  const { build, plan } = await world({ free: async () => 1024 * 1024 })
  const failure = failureOf(await build(await plan(HELLO)))
  expect(failure).toMatchObject({ code: 'DiskFull', retry: true, message: expect.stringContaining('only 1 MB are free') })
})

test('a disk that fills up in the middle is recognised', async () => {
  const { build, plan } = await world()
  expect(failureOf(await build(await plan(pack('echo x > /dev/full'))))).toMatchObject({ code: 'DiskFull', retry: true })
})

test('what the source refuses is passed on as it is', async () => {
  const { build, plan, source } = await world()
  const one = await plan(HELLO)
  source.export = async () => {
    throw new TrimtabError('SourceInvalid', 'vendor/lib is a submodule')
  }
  expect(failureOf(await build(one))).toEqual({ code: 'SourceInvalid', message: 'vendor/lib is a submodule', retry: false })
})

test('a compile that replaces the app’s folder by a link gets no slug', async () => {
  const { build, plan } = await world()
  const one = await plan(pack('cd /; rm -rf "$1"; ln -s /etc "$1"'))
  expect(failureOf(await build(one))).toMatchObject({ code: 'BuildFailed' })
  expect(existsSync('/etc/passwd')).toBe(true)
})

test('a name in build.env that is no variable name makes no file', async () => {
  const { build, plan } = await world()
  const one = await plan(HELLO, { settings: { env: { '../../evil': 'x' } } })
  expect(failureOf(await build(one))).toMatchObject({ code: 'ManifestInvalid' })
})

test('half a slug is no slug: it is built again', async () => {
  const { build, plan, builder, restart, root } = await world()
  const one = await plan(HELLO)
  const { ref } = imageOf(await build(one))
  await rm(join(dirname(ref), 'meta.json'))
  expect(await builder.find(one.key)).toBeNull()
  expect(builder.state(one.key)).toEqual({ state: 'none' })
  imageOf(await build(one))
  await writeFile(join(dirname(ref), 'meta.json'), '{"format": 1, "at"')
  expect(await restart().find(one.key)).toBeNull()
  await mkdir(join(root, 'state/slugs', 'f'.repeat(40), 'app'), { recursive: true })
  const later = restart()
  const two = await plan({ ...HELLO, n: '2' })
  later.want('shop', two)
  await new Promise<void>((resolve) => later.onChange((_, state) => state.state === 'succeeded' && resolve()))
  expect(await readdir(join(root, 'state/slugs'))).not.toContain('f'.repeat(40))
})

test('a deleted slug is noticed', async () => {
  const { build, plan, builder } = await world()
  const one = await plan(HELLO)
  const { ref } = imageOf(await build(one))
  expect(await builder.find(one.key)).not.toBeNull()
  await rm(ref, { recursive: true })
  expect(await builder.find(one.key)).toBeNull()
  imageOf(await build(one))
  expect(await builder.find(one.key)).toMatchObject({ ref })
})

test.each(['../../etc', '', 'x'.repeat(40), '..'])('a key that is none (%j) is found nowhere', async (key) => {
  const { builder } = await world()
  expect(await builder.find(key)).toBeNull()
  expect(await builder.log(key)).toBeNull()
})
