import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, type TestContext, test } from 'vitest'
import { onlyWithCrates } from './crates.ts'
import { failureOf, imageOf, type World, world } from './world.ts'

const said = (program: string, ...args: string[]) => spawnSync(program, args, { encoding: 'utf8', cwd: '/' }).stdout ?? ''
const HAVE = said('rustc', '-vV').match(/^release: (.*)$/m)?.[1] ?? ''
const installed = test.skipIf(HAVE === '')

const cargoToml = (name: string, more = '') => `[package]\nname = "${name}"\nversion = "0.1.0"\nedition = "2021"\n${more}`
const lock = (...names: string[]) =>
  `version = 3\n${names.map((name) => `\n[[package]]\nname = "${name}"\nversion = "0.1.0"\n`).join('')}`
const MAIN = (word: string) => `fn main() {\n    println!("${word}");\n}\n`
const SHOP = { 'Cargo.toml': cargoToml('shop'), 'Cargo.lock': lock('shop'), 'src/main.rs': MAIN('shop') }

const patient = () => world({ builds: { concurrency: 1, timeoutMs: 100_000, env: {} } })

async function built(w: World, tree: Record<string, string>, env: Record<string, string> = {}) {
  const plan = await w.plan(tree, { settings: { env } })
  const { ref, processTypes, materials } = imageOf(await w.build(plan))
  return {
    log: await w.log(plan),
    web: processTypes.web,
    versions: materials?.versions,
    made: readdirSync(join(ref, 'target/release')).sort(),
    says: (name: string) => spawnSync(join(ref, 'target/release', name), { encoding: 'utf8' }).stdout,
  }
}

async function why(w: World, tree: Record<string, string>): Promise<string> {
  return failureOf(await w.build(await w.plan({ ...SHOP, ...tree }))).message
}

installed(
  'one program, then a change of it, then the first again: the app runs what its sources say',
  { timeout: 120_000 },
  async () => {
    const w = await patient()
    const first = await built(w, SHOP)
    expect(first).toMatchObject({
      web: 'target/release/shop',
      made: ['shop'],
      versions: { rustc: HAVE, cargo: expect.stringMatching(/^1\./) },
    })
    expect(first.log).toContain(`-----> Using Rust ${HAVE} of this machine\n-----> Running cargo build --release --locked\n`)
    expect(first.says('shop')).toBe('shop\n')
    expect((await built(w, { ...SHOP, 'src/main.rs': MAIN('changed') })).says('shop')).toBe('changed\n')
    expect((await built(w, { ...SHOP, n: '1' })).says('shop')).toBe('shop\n')
    // Each was built in another folder, and of the ones before nothing is kept.
    const kept = readdirSync(join(w.root, 'state/cache/shop/rust/target/release/deps')).filter((name) => name.startsWith('shop-'))
    expect(kept.filter((name) => !name.includes('.'))).toHaveLength(1)
  },
)

installed('several programs, a workspace, a package without a lock file', { timeout: 120_000 }, async () => {
  const w = await patient()
  const two = await built(w, { ...SHOP, 'src/bin/web.rs': MAIN('web'), 'src/bin/worker.rs': MAIN('worker') })
  expect(two).toMatchObject({ web: 'target/release/web', made: ['shop', 'web', 'worker'] })
  const named = await built(w, {
    ...SHOP,
    'Cargo.toml': cargoToml('shop', 'default-run = "worker"\n'),
    'src/bin/web.rs': MAIN('web'),
    'src/bin/worker.rs': MAIN('worker'),
  })
  expect(named.web).toBe('target/release/worker')
  const members = {
    'Cargo.toml': '[workspace]\nmembers = ["a", "b", "words"]\nresolver = "2"\n',
    'a/Cargo.toml': cargoToml('a', '\n[dependencies]\nwords = {path = "../words"}\n'),
    'a/src/main.rs': 'fn main() {\n    println!("{}", words::WORD);\n}\n',
    'b/Cargo.toml': cargoToml('b'),
    'b/src/main.rs': MAIN('b'),
    'words/Cargo.toml': cargoToml('words'),
    'words/src/lib.rs': 'pub const WORD: &str = "one";\n',
  }
  const workspace = await built(w, members)
  expect(workspace).toMatchObject({ web: undefined, made: ['a', 'b'] })
  expect(workspace.log).toContain('There is no Cargo.lock')
  expect(workspace.log).toContain('write a Procfile')
  const changed = await built(
    w,
    { ...members, 'words/src/lib.rs': 'pub const WORD: &str = "two";\n' },
    { RUST_CARGO_BUILD_FLAGS: '-p a' },
  )
  expect([changed.made, changed.says('a')]).toEqual([['a'], 'two\n'])
})

installed('broken ones: the compiler’s own words, no program, a lock file that does not fit', { timeout: 120_000 }, async () => {
  const w = await patient()
  expect(await why(w, { 'src/main.rs': 'fn main() {\n    lost();\n}\n' })).toMatch(
    /cannot find function `lost`[\s\S]*src\/main\.rs:2:5/,
  )
  const library = {
    'Cargo.toml': cargoToml(
      'shop',
      '\n[lib]\npath = "src/main.rs"\n\n[[bin]]\nname = "none"\npath = "src/main.rs"\nrequired-features = ["x"]\n\n[features]\nx = []\n',
    ),
  }
  expect(await why(w, library)).toContain('This package has no program')
  expect(await why(w, { 'Cargo.lock': lock('other') })).toMatch(/--locked/)
})

test('a machine without cargo: said, with what to do', async () => {
  const PATH = (process.env.PATH ?? '')
    .split(':')
    .filter((folder) => !existsSync(join(folder, 'cargo')))
    .join(':')
  const w = await world({ builds: { concurrency: 1, timeoutMs: 60_000, env: { PATH: `${PATH}:/bin` } } })
  expect(await why(w, {})).toContain('The rust buildpack failed: There is no cargo on this machine.')
})

const wanting = (tree: Record<string, string>): [string, Record<string, string>] => [Object.entries(tree).join(), tree]
installed.for([
  [
    ...wanting({ 'rust-toolchain.toml': '[toolchain]\nchannel = "1.999"\n' }),
    'rust-toolchain.toml asks for Rust 1.999; this machine has ',
  ],
  [
    ...wanting({ 'rust-toolchain': 'nightly-1999-01-01\n' }),
    'rust-toolchain asks for Rust nightly-1999-01-01; this machine has ',
  ],
  [...wanting({ 'rust-toolchain': '$(id)\n' }), 'rust-toolchain names no channel that can be understood.'],
  [
    ...wanting({ 'Cargo.toml': cargoToml('shop', 'rust-version = "1.999.1"\n') }),
    'Cargo.toml asks for Rust 1.999.1 or newer (rust-version)',
  ],
] as Array<[string, Record<string, string>, string]>)('a version that is not to be had: %s', async ([, tree, text]) => {
  const message = await why(await patient(), tree)
  expect(message).toContain(text)
  if (text.endsWith('has ')) expect(message.slice(message.indexOf(text))).toMatch(/has (stable|\d)/)
})

installed(
  'an older version is a warning, and the newer one is used; what is there by its name is taken',
  { timeout: 120_000 },
  async () => {
    const w = await patient()
    const older = await built(w, { ...SHOP, 'rust-toolchain.toml': '[toolchain]\nchannel = "1.56.1"\nprofile = "minimal"\n' })
    expect(older.log).toMatch(
      /rust-toolchain.toml asks for Rust 1\.56\.1; this machine has .*which is newer: Rust [\d.]+ is used\./,
    )
    // Where rustup has several: each of them.
    const names = said('rustup', 'toolchain', 'list')
      .split('\n')
      .flatMap((line) => /^(\S+?)-\w+-\w+-linux-\w+/.exec(line)?.[1] ?? [])
    for (const name of names) {
      const release = said('rustup', 'run', name, 'rustc', '-vV').match(/^release: (.*)$/m)?.[1] ?? ''
      const tree = { ...SHOP, 'rust-toolchain.toml': `[toolchain]\nchannel = "${name}"\n` }
      expect(await built(w, tree)).toMatchObject({ versions: { rustc: release }, made: ['shop'] })
    }
  },
)

installed(
  'without a network: one line that says so; with what the cache has, no network is needed',
  { timeout: 120_000 },
  async (context: TestContext) => {
    await onlyWithCrates(context)
    const w = await patient()
    const commit = await w.source.commitFolder(join(import.meta.dirname, '../..', 'examples/rust'))
    imageOf(await w.build(await w.plan(commit, { app: 'warm' })))
    const env = { HTTPS_PROXY: 'http://127.0.0.1:9', CARGO_NET_RETRY: '0' }
    imageOf(await w.build(await w.plan(commit, { app: 'warm', settings: { env } })))
    const { message } = failureOf(await w.build(await w.plan(commit, { app: 'cold', settings: { env: { ...env, n: '1' } } })))
    expect(message.split('\n')[0]).toMatch(/^The rust buildpack failed: a server cannot be reached/)
    expect(message).toContain('failed to download from')
  },
)
