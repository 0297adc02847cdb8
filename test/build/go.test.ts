import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, type TestContext, test } from 'vitest'
import { GO, type GoProxyOptions, goProxy, TOOLCHAIN } from './goProxy.ts'
import { storedZip } from './storedZip.ts'
import { failureOf, imageOf, type World, world } from './world.ts'

const HAVE = /go(\d[\w.]*)/.exec(spawnSync('go', ['version'], { encoding: 'utf8', cwd: '/' }).stdout ?? '')?.[1]
const installed = test.skipIf(Number(HAVE?.split('.')[1] ?? 0) < 21)

const MAIN = (word: string) => `package main\n\nfunc main() { println("${word}") }\n`
const MOD = 'module example.com/shop/v2\n\ngo 1.18\n'

/** On a machine whose go does not work, with this as its proxy. */
async function without(context: TestContext, options: GoProxyOptions, env: Record<string, string> = {}): Promise<World> {
  const proxy = await goProxy(context, options)
  const broken = mkdtempSync(join(tmpdir(), 'trimtab-no-go-'))
  writeFileSync(join(broken, 'go'), '#!/bin/sh\nexit 1\n', { mode: 0o755 })
  onTestFinished(async () => {
    rmSync(broken, { recursive: true })
    await proxy.close()
  })
  const PATH = `${broken}:${process.env.PATH}`
  return world({ builds: { concurrency: 1, timeoutMs: 60_000, env: { PATH, GOPROXY: proxy.url, ...env } } })
}

async function why(w: World, tree: Record<string, string>, env: Record<string, string> = {}): Promise<string> {
  return failureOf(await w.build(await w.plan({ 'main.go': MAIN('x'), ...tree }, { settings: { env } }))).message
}

installed('which commands are installed, and which of them serves', { timeout: 120_000 }, async () => {
  // What the machine has compiled of Go's own packages is shared, as an operator may have it.
  const GOCACHE = spawnSync('go', ['env', 'GOCACHE'], { encoding: 'utf8', cwd: '/' }).stdout.trim()
  const w = await world({ builds: { concurrency: 1, timeoutMs: 100_000, env: { GOPROXY: 'off', GOCACHE } } })
  const built = async (tree: Record<string, string>, env: Record<string, string> = {}) => {
    const plan = await w.plan({ 'go.mod': MOD, ...tree }, { settings: { env } })
    const { ref, processTypes, materials } = imageOf(await w.build(plan))
    expect(materials?.versions).toEqual({ go: HAVE })
    return { ref, log: await w.log(plan), web: processTypes.web, bin: readdirSync(join(ref, 'bin')).sort() }
  }
  const root = await built({ 'main.go': MAIN('root') })
  expect(root).toMatchObject({ web: 'bin/shop', bin: ['shop'] })
  expect(root.log).toContain(`-----> Using Go ${HAVE} of this machine\n`)
  expect(spawnSync(join(root.ref, 'bin/shop'), { encoding: 'utf8' }).stderr).toBe('root\n')
  // Nothing of where it was built.
  expect(readFileSync(join(root.ref, 'bin/shop')).includes(w.root)).toBe(false)

  const two = { 'cmd/worker/main.go': MAIN('worker'), 'cmd/web/main.go': MAIN('web'), 'tools/gen/main.go': MAIN('gen') }
  expect(await built(two)).toMatchObject({ web: 'bin/web', bin: ['web', 'worker'] })
  const both = await built({ ...two, 'main.go': MAIN('root'), 'cmd/web/main.go': 'package web\n' })
  expect(both).toMatchObject({ web: 'bin/shop', bin: ['shop', 'worker'] })
  const vague = await built({ 'cmd/a/main.go': MAIN('a'), 'cmd/b/main.go': MAIN('b') })
  expect(vague).toMatchObject({ web: undefined, bin: ['a', 'b'] })
  expect(vague.log).toContain('write a Procfile')
  expect(await built({ 'deep/down/main.go': MAIN('deep') })).toMatchObject({ web: 'bin/down', bin: ['down'] })

  expect(await built(two, { GO_INSTALL_PACKAGE_SPEC: './cmd/worker ./tools/...' })).toMatchObject({
    web: undefined,
    bin: ['gen', 'worker'],
  })
  const heroku = await built({ ...two, 'go.mod': `${MOD}\n// +heroku install ./cmd/worker\n` })
  expect(heroku).toMatchObject({ web: 'bin/worker', bin: ['worker'] })

  const linked = await built(
    { 'main.go': 'package main\n\nvar version = "?"\n\nfunc main() { println(version) }\n' },
    { GO_LINKER_SYMBOL: 'main.version', GO_LINKER_VALUE: '7' },
  )
  expect(spawnSync(join(linked.ref, 'bin/shop'), { encoding: 'utf8' }).stderr).toBe('7\n')

  const vendored = await built({
    'go.mod': `${MOD}\nrequire example.com/dep v1.0.0\n`,
    'main.go': 'package main\n\nimport "example.com/dep"\n\nfunc main() { println(dep.Word) }\n',
    'vendor/modules.txt': '# example.com/dep v1.0.0\n## explicit\nexample.com/dep\n',
    'vendor/example.com/dep/dep.go': 'package dep\n\nconst Word = "vendored"\n',
  })
  expect(vendored.log).toContain('Modules are taken from vendor/')
  expect(spawnSync(join(vendored.ref, 'bin/shop'), { encoding: 'utf8' }).stderr).toBe('vendored\n')

  // Broken ones, with the compiler's own words.
  expect(await why(w, { 'go.mod': MOD, 'main.go': 'package main\n\nfunc main() { lost() }\n' })).toMatch(
    /bin\/compile exited with 1[\s\S]*main\.go:3:15: undefined: lost/,
  )
  expect(await why(w, { 'go.mod': MOD, 'main.go': 'package main\n\nimport _ "example.com/dep"\n\nfunc main() {}\n' })).toContain(
    'no required module provides package example.com/dep',
  )
  expect(await why(w, { 'go.mod': MOD, 'main.go': 'package shop\n' })).toContain('There is no "package main" in this module')
})

installed('a toolchain that is newer than the machine’s is downloaded, an older one is not', async (context) => {
  const proxy = await goProxy(context, { modules: [], list: ['1.999.1'] })
  onTestFinished(proxy.close)
  const w = await world({ builds: { concurrency: 1, timeoutMs: 60_000, env: { GOPROXY: proxy.url } } })
  const newer = await why(w, { 'go.mod': `${MOD}toolchain go1.999.7\n` })
  expect(newer).toContain('go.mod (toolchain) asks for Go 1.999.7, which the Go proxy does not have')
  expect(newer).toContain('of 1.999 it has 1.999.1.')
  expect(await why(w, { 'go.mod': MOD, 'main.go': 'package none\n' }, { GOVERSION: 'go1.18.1' })).toContain(
    'GOVERSION asks for Go 1.18.1',
  )
})

const LISTED = ['1.22.5', '1.22.10', '1.9.7', '1.22.9', '1.23.0', '1.24rc1', '1.21.13']
test.for([
  ['go 1.x', {}, 'go.mod asks for Go "1.x", which is no version that can be understood.'],
  ['go $(id)', {}, 'which is no version that can be understood.'],
  [
    'go 1.22.77',
    {},
    'asks for Go 1.22.77, which the Go proxy does not have for linux-amd64; of 1.22 it has 1.22.5, 1.22.9, 1.22.10.',
  ],
  ['go 1.40', {}, 'it has 1.9.7, 1.21.13, 1.22.10, 1.23.0.'],
  ['go 1.22', { GOVERSION: '1.17' }, 'GOVERSION asks for Go 1.17; builds need 1.18 or newer.'],
  ['toolchain go1.30.1', {}, 'go.mod (toolchain) asks for Go 1.30.1'],
  ['// +heroku goVersion go1.31', {}, 'go.mod (+heroku goVersion) asks for Go 1.31'],
] as Array<[string, Record<string, string>, string]>)('%s %j: a clear error', async ([line, env, text], context) => {
  const w = await without(context, { modules: [], list: LISTED })
  expect(await why(w, { 'go.mod': `module example.com/shop\n\n${line}\n` }, env)).toContain(text)
})

test('what is asked for is the newest patch release, and exactly what is named', async (context) => {
  const asked: string[] = []
  const change = (path: string, content: Buffer | null) => {
    asked.push(path.replace('/golang.org/toolchain/@v/', ''))
    return content
  }
  const w = await without(context, { modules: [], list: LISTED, change })
  for (const line of ['go 1.22', 'go 1.13', 'go 1.22\n\ntoolchain go1.23.4', 'go 1.24rc1'])
    await why(w, { 'go.mod': `module x\n${line}\n` })
  const zips = asked.filter((path) => path.endsWith('.zip')).map((path) => path.split('.linux')[0])
  expect(zips).toEqual(['v0.0.1-go1.22.10', 'v0.0.1-go1.21.13', 'v0.0.1-go1.23.4', 'v0.0.1-go1.24rc1'])
})

test.for([
  ['off', 'GOPROXY is off'],
  ['http://127.0.0.1:9', 'The go buildpack failed: a server cannot be reached'],
  ['http://127.0.0.1:9|off', 'GOPROXY is off'],
  ['http://127.0.0.1:9,off', 'a server cannot be reached'],
  ['http://somebody:secret-word@127.0.0.1:9', 'http://127.0.0.1:9/golang.org/toolchain/@v/list: curl: (7)'],
  ['nothing://here', 'Protocol "nothing" not supported'],
] as Array<[string, string]>)('GOPROXY=%s is said', async ([GOPROXY, text], context) => {
  const w = await without(context, { modules: [] }, { GOPROXY })
  const message = await why(w, { 'go.mod': 'module x\n\ngo 1.22\n' })
  expect(message).toContain(text)
  expect(message).not.toContain('secret-word')
})

test.for([
  [401, 'a registry asks for credentials (401)'],
  [403, 'a registry refuses what was asked of it (403 Forbidden)'],
] as Array<[number, string]>)('a proxy that answers with %i', async ([status, text], context) => {
  const w = await without(context, { modules: [], change: () => status })
  expect(await why(w, { 'go.mod': 'module x\n\ngo 1.22\n' })).toContain(`The go buildpack failed: ${text}`)
})

test('a toolchain that is not the one of the checksum database is never run', { timeout: 120_000 }, async (context) => {
  const prefix = `${TOOLCHAIN}/`
  const zips = `/${TOOLCHAIN.replace('@', '/@v/')}.zip`
  const lookup = `/sumdb/sum.golang.org/lookup/${TOOLCHAIN}`
  const zip = storedZip({ [`${prefix}bin/go`]: '#!/bin/sh\necho never\n' })
  let answers: Record<string, (content: string) => Buffer> = {}
  const change = (path: string, content: Buffer | null) =>
    path === zips ? (answers.zip?.('') ?? zip) : (answers[path]?.(content?.toString() ?? '') ?? content)
  const w = await without(context, { change })
  const tree = { 'go.mod': `module x\n\ngo ${GO}\n` }

  const other = await why(w, tree)
  expect(other).toMatch(/Go [\d.]+ as it was downloaded \(h1:\S+=\) is not what the checksum database has \(h1:\S+=\)\./)
  const [, ours = '', theirs = ''] = /\((h1:\S+)\).*\((h1:\S+)\)/.exec(other) ?? []
  // A proxy that also has the database say so.
  answers = { [lookup]: (text) => Buffer.from(text.replace(theirs, ours)) }
  expect(await why(w, { ...tree, n: '1' })).toContain('sum.golang.org gave a record that is not in it.')
  answers = { [lookup]: (text) => Buffer.from(text.replace(/(tree\n\d+\n)./, '$1A')) }
  expect(await why(w, { ...tree, n: '2' })).toContain('sum.golang.org gave an answer that it has not signed.')
  answers = { zip: () => zip.subarray(0, 40) }
  expect(await why(w, { ...tree, n: '3' })).toContain('The downloaded Go is not whole')
  answers = { zip: () => storedZip({ [`${prefix}../../evil`]: 'x' }) }
  expect(await why(w, { ...tree, n: '4' })).toContain('has a file in it that does not belong there')
  answers = {}
  expect(await why(w, { ...tree, n: '5' }, { GOSUMDB: 'sum.example.com' })).toContain('whose key is not known: sum.example.com')
})
