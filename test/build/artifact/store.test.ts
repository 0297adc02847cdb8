import { createHash } from 'node:crypto'
import { readdirSync, writeFileSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { ArtifactStore } from '../../../src/build/artifact/store.ts'

const DAY = 86_400_000
const sha = (text: string) => createHash('sha256').update(text).digest('hex')
async function* bytes(...pieces: string[]) {
  for (const piece of pieces) yield Buffer.from(piece)
}

async function opened() {
  const state = await mkdtemp(join(tmpdir(), 'trimtab-store-'))
  onTestFinished(() => rm(state, { recursive: true, force: true }))
  const clock = { now: 1_800_000_000_000, free: 2 ** 40 }
  const settings = { allow: ['https' as const], local: false, sizeBytes: 1000 }
  const store = new ArtifactStore({ state, settings, now: () => clock.now, free: async () => clock.free })
  return { store, clock, folder: join(state, 'artifacts') }
}

test('what comes in is there by its hash, whole or not at all', async () => {
  const { store, clock, folder } = await opened()
  const stored = await store.put('shop.war', bytes('hello, ', 'world'))
  expect(stored).toEqual({ sha256: sha('hello, world'), name: 'shop.war', size: 12, storedAt: clock.now })
  expect(await readFile((await store.find(stored.sha256)) ?? '', 'utf8')).toBe('hello, world')
  // The same again, under another name.
  clock.now += 5
  expect(await store.put('other.war', bytes('hello, world'))).toMatchObject({ sha256: stored.sha256, name: 'other.war' })
  expect((await store.list()).map(({ name }) => name)).toEqual(['other.war'])

  // It is there, and has not come from there.
  expect(await store.find(stored.sha256, 'https://h/x')).toBeNull()
  await store.put('shop.war', bytes('hello, world'), { sha256: stored.sha256, url: 'https://h/x' })
  expect(await store.find(stored.sha256, 'https://h/x')).not.toBeNull()

  const broken = async function* () {
    yield Buffer.from('half')
    throw new Error('the client went away')
  }
  await expect(store.put('x', broken())).rejects.toThrow('the client went away')
  await expect(store.put('x', bytes('x'.repeat(600), 'x'.repeat(600)))).rejects.toMatchObject({ code: 'BuildFailed' })
  await expect(store.put('x', bytes('x'), { sha256: sha('y'), url: 'https://h/x' })).rejects.toMatchObject({
    code: 'BuildFailed',
    message: expect.stringMatching(new RegExp(`expected ${sha('y')}\\n +found +${sha('x')}$`)),
  })
  clock.free = 1000
  await expect(store.put('x', bytes('x'))).rejects.toMatchObject({ code: 'DiskFull', retry: true })
  expect(readdirSync(folder).sort()).toEqual([stored.sha256, `${stored.sha256}.json`])
})

test('one that has changed on the disk is none; nothing but a hash is looked for', async () => {
  const { store, folder } = await opened()
  const { sha256 } = await store.put('a', bytes('hello'))
  writeFileSync(join(folder, sha256), 'jello')
  expect(await store.find(sha256)).toBeNull()
  expect(readdirSync(folder)).not.toContain(sha256)
  expect(await store.find('../../etc/passwd')).toBeNull()
  await expect(store.remove('../x', new Set())).rejects.toMatchObject({ code: 'NotFound' })
})

test('what a kept build used stays; what nobody asked for in a week goes, and what was just pushed does not', async () => {
  const { store, clock, folder } = await opened()
  const [used, unused, fresh] = [await store.put('used', bytes('1')), await store.put('unused', bytes('2')), 'fresh']
  store.use(used.sha256, 'used', 'key')
  clock.now += 6 * DAY
  const { sha256 } = await store.put(fresh, bytes('3'))
  const names = async () => (await store.list()).map(({ name }) => name).sort()
  await store.prune(() => new Set())
  expect(await names()).toEqual(['fresh', 'unused', 'used'])
  clock.now += 2 * DAY
  await store.prune(() => new Set(['key']))
  expect(await names()).toEqual(['fresh', 'used'])

  await expect(store.remove(used.sha256, new Set(['key']))).rejects.toMatchObject({ code: 'Usage' })
  await store.remove(used.sha256, new Set())
  await store.remove(sha256, new Set())
  expect(await names()).toEqual([])
  expect(readdirSync(folder)).toEqual([])
  expect(unused.size).toBe(1)
})

test('what a killed trimtab left on its way is cleared away; a lost note loses nothing but the name', async () => {
  const { store, folder } = await opened()
  const { sha256 } = await store.put('a', bytes('hello'))
  writeFileSync(join(folder, '.0123'), 'half')
  writeFileSync(join(folder, `${sha256}.json`), '{"torn')
  const again = new ArtifactStore({ state: dirname(folder), settings: undefined, now: Date.now, free: async () => 2 ** 40 })
  expect(readdirSync(folder).sort()).toEqual([sha256, `${sha256}.json`])
  expect(await again.list()).toMatchObject([{ sha256, name: '', size: 5 }])
})
