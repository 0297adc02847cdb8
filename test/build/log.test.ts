import { mkdtempSync } from 'node:fs'
import { readFile, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { BuildLog } from '../../src/build/log.ts'
import { HELLO, imageOf, pack, world } from './world.ts'

function makeLog(limit?: number) {
  const dir = mkdtempSync(join(tmpdir(), 'trimtab-log-'))
  onTestFinished(() => rm(dir, { recursive: true }))
  const path = join(dir, 'build.log')
  return { path, log: new BuildLog(path, limit) }
}

async function all(lines: AsyncIterable<string>): Promise<string> {
  let text = ''
  for await (const part of lines) text += part
  return text
}

const never = new AbortController().signal

test('a reader who comes before the first line, and one who comes late, read the same', async () => {
  const { log, path } = makeLog()
  const early = all(log.follow(never))
  log.open()
  log.line('one')
  const late = all(log.follow(never))
  log.write(Buffer.from('tw'))
  await new Promise(setImmediate)
  log.write(Buffer.from('o\n'))
  log.end()
  await rename(path, `${path}.moved`)
  expect(await early).toBe('one\ntwo\n')
  expect(await late).toBe('one\ntwo\n')
})

test('a character that comes in two pieces stays one', async () => {
  const { log } = makeLog()
  log.open()
  const reader = all(log.follow(never))
  const bytes = Buffer.from('é\n')
  for (const byte of bytes) {
    log.write(Buffer.from([byte]))
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  log.end()
  expect(await reader).toBe('é\n')
})

test('following ends when its reader leaves', async () => {
  const { log } = makeLog()
  log.open()
  const leave = new AbortController()
  const reader = all(log.follow(leave.signal))
  log.line('one')
  await new Promise(setImmediate)
  leave.abort()
  await reader
  log.end()
})

test('a log is bounded: its beginning and its end are kept, and it says what is missing', async () => {
  const { log, path } = makeLog(100_000)
  log.open()
  for (let i = 0; i < 50_000; i += 1) log.line(`line ${i}`)
  log.end()
  const text = await readFile(path, 'utf8')
  expect(text.length).toBeLessThan(120_000)
  expect(text.startsWith('line 0\nline 1\n')).toBe(true)
  expect(text.endsWith('line 49999\n')).toBe(true)
  expect(text).toMatch(/\n {7}\[\d+ bytes left out: a build log keeps 100000\]\n/)
  expect(log.lastLines(2)).toBe('line 49998\nline 49999')
})

test('a log that is just over the limit is whole', async () => {
  const { log, path } = makeLog(10)
  log.open()
  log.line('0123456789abc')
  log.end()
  expect(await readFile(path, 'utf8')).toBe('0123456789abc\n')
})

test('the log of a running build is seen line by line, as each is written', async () => {
  const { root, plan, builder } = await world()
  // The build goes on only when the test has seen its line: a buffer anywhere in between would stop both.
  const wait = (n: number) => `until [ -e ${root}/seen${n} ]; do sleep 0.02; done`
  const one = await plan(pack(`echo first; ${wait(1)}; printf second; ${wait(2)}; echo; echo third >&2`))
  builder.want('shop', one)
  let text = ''
  for await (const part of builder.followLog(one.key, never)) {
    text += part
    if (text.includes('first\n')) await writeFile(join(root, 'seen1'), '')
    if (text.includes('second')) await writeFile(join(root, 'seen2'), '')
  }
  expect(text).toContain('-----> Own app detected\nfirst\nsecond\nthird\n')
  expect(await builder.log(one.key)).toBe(text)
  expect(await all(builder.followLog(one.key, never))).toBe(text)
})

test('there is no log where there was no build', async () => {
  const { builder, plan, build } = await world()
  expect(await builder.log('a'.repeat(40))).toBeNull()
  expect(await all(builder.followLog('a'.repeat(40), never))).toBe('')
  const one = await plan(HELLO)
  imageOf(await build(one))
  expect(await builder.log(one.key)).toContain('Node.js app detected')
})
