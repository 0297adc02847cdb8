import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, type TestContext, test } from 'vitest'
import type { Image } from '../../../src/domain.ts'
import { packageRegistries } from '../../support/registries.ts'
import { onlyWithCrates } from '../crates.ts'
import { failureOf, imageOf } from '../world.ts'
import { answer, run } from './run.ts'
import { type World, world } from './world.ts'

const EXAMPLE = join(import.meta.dirname, '../../../examples/rust')
const FILES = ['Cargo.toml', 'Cargo.lock', 'src/main.rs']
const TREE = Object.fromEntries(FILES.map((name) => [name, readFileSync(join(EXAMPLE, name), 'utf8')]))
const saying = (word: string) => ({ ...TREE, 'src/main.rs': (TREE['src/main.rs'] ?? '').replace('Hello', word) })

async function timed(w: World, tree: Record<string, string>, env = {}): Promise<{ image: Image; log: string; ms: number }> {
  const plan = await w.plan(tree, { settings: { env } })
  const began = performance.now()
  const image = imageOf(await w.build(plan))
  return { image, ms: performance.now() - began, log: await w.log(plan) }
}

const worldOf = (context: TestContext) =>
  world(context, { builds: { concurrency: 1, timeoutMs: 240_000, ...packageRegistries() } })

test('the program alone in the image; later builds from the cache volume, also without a network', {
  timeout: 300_000,
}, async (context) => {
  await onlyWithCrates(context)
  const w = await worldOf(context)
  const first = await timed(w, TREE)
  expect(first.log).toContain('Compiling httparse')
  expect(first.image).toMatchObject({
    processTypes: { web: 'target/release/hello' },
    materials: { versions: { rustc: expect.stringMatching(/^1\.\d+/), cargo: expect.stringMatching(/^1\.\d+/) } },
  })
  expect(await answer(await run(w, first.image, [], { PORT: '5000', RELEASE_VERSION: 'v7' }))).toBe(
    'Hello from Rust, v7, commit \n',
  )
  // On PATH as well; and no compiler's leavings.
  const look = await run(w, first.image, [
    '-c',
    'type -P hello && find . -type f ! -path "./.trimtab/*" | sort && du -sk . | cut -f 1',
  ])
  expect(await look.exit).toBe(0)
  const lines = look.output().trim().split('\n')
  expect(lines.slice(0, -1)).toEqual([
    '/app/target/release/hello',
    ...['./.profile.d/rust.sh', './Cargo.lock', './Cargo.toml', './src/main.rs', './target/release/hello'],
  ])
  expect(Number(lines.at(-1))).toBeLessThan(2000)

  const second = await timed(w, saying('Goodbye'))
  expect(second.log).toContain('Compiling hello')
  expect(second.log).not.toContain('Compiling httparse')
  console.log(`rust: the second build takes ${(second.ms / first.ms).toFixed(2)} of the first (${Math.round(second.ms)} ms)`)
  expect(second.ms).toBeLessThan(first.ms)
  expect(await answer(await run(w, second.image))).toContain('Goodbye from Rust')

  const away = { HTTPS_PROXY: 'http://127.0.0.1:9', CARGO_NET_RETRY: '0' }
  // A checkout's times say nothing: it is the content that decides what is compiled anew.
  const back = await timed(w, { ...TREE, 'notes.txt': 'nothing that is compiled' }, away)
  expect(await answer(await run(w, back.image))).toContain('Hello from Rust')
  const same = await timed(w, { ...TREE, 'notes.txt': 'nor this' }, away)
  expect(same.log).not.toContain('Compiling')

  const cold = await w.plan(TREE, { app: 'cold', settings: { env: away } })
  const { message } = failureOf(await w.build(cold))
  expect(message.split('\n')[0]).toMatch(/^The rust buildpack failed: a server cannot be reached/)

  // The same files with an empty cache as with a warm one.
  const other = await worldOf(context)
  const elsewhere = await timed(other, saying('Goodbye'))
  const hashes = [
    '-c',
    'find . ! -type l -printf "%m %y %p\\n" | sort -k 3; find . -type f -print0 | sort -z | xargs -0 sha256sum',
  ]
  const [one, two] = [await run(w, second.image, hashes), await run(other, elsewhere.image, hashes)]
  expect([await one.exit, await two.exit]).toEqual([0, 0])
  expect(one.output()).toBe(two.output())
})
