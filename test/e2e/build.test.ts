/** `trimtab build`: the build of a folder that nobody has committed yet. */
import { execFileSync, spawn } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest'
import { createEngine } from '../../src/engine/engine.ts'
import { sharedEngine, stackImage } from '../support/docker.ts'
import { gitEnv } from '../support/repo.ts'

const CLI = join(import.meta.dirname, '../../bin/trimtab.js')
let root: string

beforeAll(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'trimtab-try-')))
})
afterAll(() => rmSync(root, { recursive: true }))

type Files = Record<string, string>

function write(dir: string, files: Files): string {
  for (const [name, text] of Object.entries(files)) {
    const path = join(dir, name)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, text)
    if (text.startsWith('#!')) chmodSync(path, 0o755)
  }
  return dir
}

const git = (dir: string, ...args: string[]) => execFileSync('git', ['-C', dir, ...args], { encoding: 'utf8', env: gitEnv() })

function trimtab(dir: string, args: string[], input = ''): Promise<{ code: number | null; out: string; err: string }> {
  const env = { ...process.env, XDG_CACHE_HOME: join(root, 'cache'), NO_COLOR: '1' }
  const child = spawn(process.execPath, [CLI, 'build', ...args], { cwd: dir, env })
  const said = { out: '', err: '' }
  child.stdout.on('data', (text) => (said.out += text))
  child.stderr.on('data', (text) => (said.err += text))
  child.stdin.end(input)
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, ...said })))
}

const HOST: Files = { 'platform.yaml': 'apps: []\nruntime: process\n' }
const HELLO: Files = { 'server.js': "require('http').createServer((q, s) => s.end('hi')).listen(process.env.PORT)\n" }
const BREAKS: Files = {
  'bin/detect': '#!/bin/sh\necho Sick\n',
  'bin/compile': '#!/bin/sh\necho compiling\nmkdir -p made && echo half > made/file\nexit 3\n',
  'bin/release': '#!/bin/sh\necho {}\n',
}

it('builds what is there, says where it is, and builds nothing twice', async () => {
  const dir = write(join(root, 'hello'), { ...HOST, ...HELLO })
  const first = await trimtab(dir, [])
  expect(first).toMatchObject({ code: 0, err: '' })
  expect(first.out).toMatch(/^-----> Node\.js app detected\n[\s\S]*Built in .*\nIt is in (\/.*)\n$/)
  expect(existsSync(join(/It is in (.*)\n/.exec(first.out)?.[1] ?? '', 'server.js'))).toBe(true)
  expect((await trimtab(dir, [])).out).toMatch(/^Nothing to build/)
  const json = await trimtab(write(dir, { 'more.js': '' }), ['--json'])
  expect(JSON.parse(json.out)).toMatchObject({
    ok: true,
    reused: false,
    kind: 'process',
    image: { processTypes: { web: 'node server.js' } },
  })
  expect(json.err).toContain('-----> Node.js app detected')
})

it('takes what git would: what is ignored is left out, what is not committed is in, and the repository stays as it was', async () => {
  const repo = join(root, 'mono')
  write(repo, { '.gitignore': 'secret.txt\n', 'README.md': '# mono\n', 'packs/ours/bin/detect': '#!/bin/sh\necho Ours\n' })
  git(repo, 'init', '--quiet')
  git(repo, 'add', '.')
  git(repo, '-c', 'user.name=t', '-c', 'user.email=t@localhost', 'commit', '--quiet', '--message', 'Begin')
  const dir = write(join(repo, 'shop'), {
    ...HOST,
    'app.yaml': 'build: {buildpacks: [./packs/ours]}\n',
    'secret.txt': 'no',
    'new.txt': 'yes',
  })
  write(repo, { 'packs/ours/bin/compile': '#!/bin/sh\nls "$1"\n' })
  const before = git(repo, 'status', '--porcelain')
  const { code, out } = await trimtab(dir, [])
  expect(code, out).toBe(0)
  expect(out).toContain('-----> Ours app detected')
  expect(out).toContain('new.txt')
  expect(out).not.toContain('secret.txt')
  expect(git(repo, 'status', '--porcelain')).toBe(before)
})

it('a build that fails: why, and 1; with --shell, what is left of it, in its own environment', async () => {
  const dir = write(join(root, 'sick'), { ...HOST, ...BREAKS })
  const failed = await trimtab(dir, [])
  expect(failed.code).toBe(1)
  expect(failed.err).toContain('bin/compile exited with 3')
  const { code, out } = await trimtab(dir, ['--shell'], 'cat made/file; echo "stack $STACK"\n')
  expect(code).toBe(1)
  expect(out).toContain('half\nstack host\n')
  expect(JSON.parse((await trimtab(dir, ['--json'])).out)).toMatchObject({ ok: false, failure: { code: 'BuildFailed' } })
})

it('what a commit would be refused for is refused here', async () => {
  const broken = await trimtab(write(join(root, 'typo'), { ...HOST, ...HELLO, 'app.yaml': 'proceses: {}\n' }), [])
  expect(broken).toMatchObject({ code: 1, err: expect.stringMatching(/app\.yaml:1:1 .*proceses/) })
  const image = await trimtab(write(join(root, 'image'), { ...HOST, 'app.yaml': 'build: {image: "shop:1"}\n' }), [])
  expect(image).toMatchObject({ code: 1, err: expect.stringContaining('needs containers') })
  expect(await trimtab(root, ['nowhere'])).toMatchObject({ code: 1, err: expect.stringContaining('There is no folder') })
})

it('in a container, with a shell in it where it broke; nothing is left running', { timeout: 120_000 }, async (context) => {
  const { socket } = await sharedEngine(context)
  const platform = {
    'platform.yaml': `apps: []\nruntime: {kind: docker, socket: ${socket}}\nstack: {image: "${await stackImage(socket)}"}\n`,
  }
  const { docker } = createEngine(socket)
  const good = await trimtab(write(join(root, 'contained'), { ...platform, ...HELLO }), [])
  const image = /5000:5000 (\S+)\n$/.exec(good.out)?.[1] ?? ''
  onTestFinished(() => docker.getImage(image).remove())
  expect(good.code, good.err).toBe(0)
  expect((await docker.getImage(image).inspect()).Config.Cmd).toEqual(['web'])
  const name = image.replace(/^trimtab\/(.*):.*$/, '$1')
  const { code, out } = await trimtab(
    write(join(root, 'contained'), BREAKS),
    ['--shell'],
    'pwd; cat made/file; id -u; echo "home $HOME"\n',
  )
  expect(code).toBe(1)
  expect(out).toContain('/app\nhalf\n1000\nhome /tmp/home\n')
  const filters = { label: [`trimtab.platform=${name}`] }
  expect(await docker.listContainers({ all: true, filters })).toEqual([])
  for (const { Name } of (await docker.listVolumes({ filters })).Volumes) await docker.getVolume(Name).remove()
  for (const { Id } of await docker.listNetworks({ filters })) await docker.getNetwork(Id).remove()
})
