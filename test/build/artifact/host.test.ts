import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, expect, onTestFinished, test } from 'vitest'
import type { ArtifactSettings } from '../../../src/domain.ts'
import { type FileServer, fileServer, program, sha256 } from '../../support/artifacts.ts'
import { failureOf, imageOf, world } from '../world.ts'
import { tarOf, tgzOf, zipOf } from './made.ts'

const OPEN = { artifacts: { allow: ['http' as const], local: true, sizeBytes: 2 ** 24 } }
const MAIN = { name: 'META-INF/MANIFEST.MF', content: 'Manifest-Version: 1.0\r\nMain-Class: a.Main\r\n' }

async function served(): Promise<FileServer> {
  const server = await fileServer()
  onTestFinished(() => server.close())
  return server
}

/** Settings of an artifact that is served under its name, or that was uploaded. */
function settings(content: Buffer, name: string, more: Partial<ArtifactSettings> = {}) {
  return { settings: { artifact: { sha256: sha256(content), name, base: 'stack', hasCommand: false, ...more } } }
}

async function* bytes(content: Buffer) {
  yield content
}

let elf: Buffer
beforeAll(() => {
  elf = program()
})

test('an archive by its address: a slug of what is in it, and what its Procfile says; the second time without the network', async () => {
  const w = await world(OPEN)
  const server = await served()
  const parts = [
    { name: 'Procfile', content: 'web: ./bin/serve\nrelease: ./bin/migrate\n' },
    { name: 'bin/serve', content: '#!/bin/sh\n', mode: 0o755 },
  ]
  const content = tgzOf(parts)
  server.files.set('/shop-1.tar.gz', content)
  const at = settings(content, 'shop-1.tar.gz', { url: `${server.url}/shop-1.tar.gz` })
  const plan = await w.plan({ 'README.md': 'one' }, at)
  const image = imageOf(await w.build(plan))
  expect(image).toMatchObject({ processTypes: { web: './bin/serve', release: './bin/migrate' }, key: plan.key })
  expect(readFileSync(join(image.ref, 'bin/serve'), 'utf8')).toBe('#!/bin/sh\n')
  expect(statSync(join(image.ref, 'bin/serve')).mode & 0o777).toBe(0o755)
  const log = await w.log(plan)
  expect(log).toContain(
    `-----> Artifact shop-1.tar.gz, sha256 ${sha256(content).slice(0, 12)}\n       Fetching ${server.url}/shop-1.tar.gz\n`,
  )
  expect(log).toContain('Unpacked: 2 files')
  expect(server.asked).toEqual(['/shop-1.tar.gz'])

  // The repository does not decide; the bytes do, what they are called, and that the address has them.
  expect((await w.plan({ 'README.md': 'two' }, at)).key).toBe(plan.key)
  const renamed = await w.plan({ a: '' }, settings(content, 'other.tar.gz', { url: `${server.url}/shop-1.tar.gz` }))
  expect(renamed.key).not.toBe(plan.key)
  imageOf(await w.build(renamed))
  expect(await w.log(renamed)).toContain('It is here already')
  expect(server.asked).toHaveLength(1)

  // The address of the next version with the hash of this one: somebody forgot the one for the other.
  server.files.set('/shop-2.tar.gz', Buffer.from('another'))
  const forgotten = await w.plan({ a: '' }, settings(content, 'shop-1.tar.gz', { url: `${server.url}/shop-2.tar.gz` }))
  expect(failureOf(await w.build(forgotten)).message).toContain(sha256('another'))
  imageOf(await w.build(plan))
})

test('another hash than the one that is named: both are told, and nothing is unpacked', async () => {
  const w = await world(OPEN)
  const server = await served()
  const [wanted, found] = [tgzOf([{ name: 'a' }]), tgzOf([{ name: 'b' }])]
  server.files.set('/a.tgz', found)
  const plan = await w.plan({ a: '' }, settings(wanted, 'a.tgz', { url: `${server.url}/a.tgz` }))
  const failure = failureOf(await w.build(plan))
  expect(failure).toMatchObject({ code: 'BuildFailed', retry: false })
  expect(failure.message).toContain(sha256(wanted))
  expect(failure.message).toContain(sha256(found))
  expect(await w.builder.artifacts.list()).toEqual([])
  expect(await w.builder.find(plan.key)).toBeNull()
})

test('what was uploaded needs no address; what was not is said', async () => {
  const w = await world()
  const missing = failureOf(await w.build(await w.plan({ a: '' }, settings(elf, 'server'))))
  expect(missing.message).toContain(`There is no artifact ${sha256(elf)} here`)
  await w.builder.artifacts.put('server', bytes(elf))
  const image = imageOf(await w.build(await w.plan({ a: '' }, settings(elf, 'server')), true))
  expect(image.processTypes).toEqual({ web: './server' })
  expect(statSync(join(image.ref, 'server')).mode & 0o777).toBe(0o755)
  // Used by something that is kept, it cannot be removed, and does not age.
  await expect(w.builder.artifacts.remove(sha256(elf), new Set([image.key]))).rejects.toMatchObject({ code: 'Usage' })
})

test.each([
  ['a script', Buffer.from('#!/bin/sh\nexit 0\n'), 'run', { web: './run' }],
  ['control', zipOf([{ name: 'control', content: '#!/bin/sh\n', mode: 0o100755 }]), 'a.zip', { web: './control start' }],
  ['a tar archive', tarOf([{ name: 'control', content: '#!/bin/sh\n', mode: 0o755 }]), 'a.tar', { web: './control start' }],
])('%s is started without being told how', async (_, content, name, processTypes) => {
  const w = await world()
  await w.builder.artifacts.put(name, bytes(content))
  expect(imageOf(await w.build(await w.plan({ a: '' }, settings(content, name)))).processTypes).toEqual(processTypes)
})

const arm = (content: Buffer) => {
  const other = Buffer.from(content)
  other[18] = process.arch === 'x64' ? 0xb7 : 0x3e
  return other
}
const JAR = zipOf([MAIN])
const EMPTY_WAR = zipOf([{ name: 'WEB-INF/web.xml', content: '<web-app/>' }])
test.each([
  [
    'an archive without a word',
    tgzOf([{ name: 'README' }]),
    'a.tgz',
    'it has neither a Procfile nor an executable file "control"',
  ],
  ['control that cannot be run', tgzOf([{ name: 'control', content: 'x' }]), 'a.tgz', 'says nothing of how it is started'],
  [
    'a Procfile with a mistake',
    tgzOf([{ name: 'Procfile', content: 'web\n' }]),
    'a.tgz',
    'has a Procfile with a mistake in line 1',
  ],
  ['a jar without a main class', zipOf([{ name: 'a.class' }]), 'a.jar', 'a.jar has no Main-Class in its manifest'],
  ['a jar that is cut off', JAR.subarray(0, -4), 'a.jar', 'is no whole zip archive'],
  ['what is called a jar', Buffer.from('hello'), 'a.jar', 'is called a.jar and is something else'],
  ['a web page', Buffer.from('<!DOCTYPE html>'), 'a.tar.gz', 'is a web page; is that the address of the file itself?'],
  ['xz', Buffer.from('\xfd7zXZ\0', 'latin1'), 'a', 'is an xz archive; taken are .tar.gz'],
  ['a Windows program', Buffer.from('MZ'), 'a', 'is a program for Windows'],
  ['nothing', Buffer.alloc(0), 'a', 'is empty'],
])('%s is refused', async (_, content, name, why) => {
  const w = await world()
  await w.builder.artifacts.put(name, bytes(content))
  const { code, message, retry } = failureOf(await w.build(await w.plan({ a: '' }, settings(content, name))))
  expect({ code, retry }).toEqual({ code: 'BuildFailed', retry: false })
  expect(message).toContain(why)
})

test('a program for another processor is refused; and a hostile archive leaves nothing', async () => {
  const w = await world()
  for (const content of [
    arm(elf),
    tgzOf([
      { name: 'ok', content: 'x' },
      { name: '../../../escaped', content: 'x' },
    ]),
  ]) {
    await w.builder.artifacts.put('x', bytes(content))
    const plan = await w.plan({ a: '' }, settings(content, 'x'))
    expect(failureOf(await w.build(plan)).message).toMatch(
      /is a program for arm64|is a program for x64|"..\/..\/..\/escaped" leaves the folder/,
    )
    expect(statSync(join(w.root, 'state/slugs', plan.key), { throwIfNoEntry: false })).toBeUndefined()
  }
})

test('where a command is named, none is looked for, and a .war needs no server of its own', async () => {
  const w = await world()
  for (const [name, content] of [
    ['shop.war', EMPTY_WAR],
    ['a.tgz', tgzOf([{ name: 'x' }])],
  ] as const) {
    await w.builder.artifacts.put(name, bytes(content))
    const image = imageOf(await w.build(await w.plan({ a: '' }, settings(content, name, { hasCommand: true }))))
    expect(image.processTypes).toEqual({})
  }
})

test('what is larger than the operator takes, and what changed on the disk', async () => {
  const w = await world({ artifacts: { ...OPEN.artifacts, sizeBytes: 1000 } })
  const server = await served()
  const content = Buffer.concat([Buffer.from('#!/bin/sh\n'), Buffer.alloc(1000)])
  server.files.set('/run', content)
  const at = { url: `${server.url}/run` }
  expect(failureOf(await w.build(await w.plan({ a: '' }, settings(content, 'run', at)))).message).toContain('is larger than')
  w.builder.configure({ builds: { concurrency: 1, timeoutMs: 60_000, env: {} }, ...OPEN })
  const plan = await w.plan({ a: '' }, settings(content, 'run', at))
  imageOf(await w.build(plan, true))
  writeFileSync(join(w.root, 'state/artifacts', sha256(content)), 'something else')
  w.builder.want('shop', null)
  await w.builder.prune(() => new Set())
  imageOf(await w.build(plan))
  expect(server.asked.length).toBe(3)
})
