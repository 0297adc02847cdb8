import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, onTestFinished, test, vi } from 'vitest'
import { createEngine } from '../../src/engine/engine.ts'
import { buildStack } from '../../src/stack/build.ts'
import { debstrapArgs, STACK_RECIPE, stackRecipe } from '../../src/stack/recipe.ts'
import { ownSources } from '../../src/stack/sources.ts'
import { sharedEngine, stackImage } from '../support/docker.ts'

afterEach(() => vi.unstubAllEnvs())

async function folder(files: Record<string, string>): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'trimtab-stack-'))
  onTestFinished(() => rm(dir, { recursive: true }))
  for (const [name, text] of Object.entries(files)) await writeFile(join(dir, name), text, { mode: 0o755 })
  return dir
}

test('the recipe is one list: what the built-in buildpacks call, and what native modules need', () => {
  const args = debstrapArgs(stackRecipe('trixie', ['ruby']), ['/etc/apt/sources.list'])
  expect(args.slice(-3)).toEqual(['trixie', '-', '/etc/apt/sources.list'])
  const [packages = ''] = args.filter((arg) => arg.startsWith('--include='))
  for (const one of ['bash', 'ca-certificates', 'git', 'nodejs', 'npm', 'python3-venv', 'util-linux', 'g++', 'make', 'ruby']) {
    expect(packages.slice('--include='.length).split(',')).toContain(one)
  }
  expect(packages).not.toMatch(/jdk|php|rustc|cargo/)
  expect(new Set(STACK_RECIPE.packages).size).toBe(STACK_RECIPE.packages.length)
})

test('this machine’s own mirrors are taken where they have the suite', async () => {
  const dir = await folder({
    old: '# deb http://mirror.example.com bookworm main\ndeb http://mirror.example.com bullseye main\n',
    new: 'Types: deb\nURIs: http://mirror.example.com\nSuites: bookworm bookworm-updates\nComponents: main\n',
    security: 'deb http://mirror.example.com bookworm-security main\n',
  })
  const files = ['old', 'new', 'security', 'none'].map((name) => join(dir, name))
  expect(await ownSources('bookworm', files)).toEqual([join(dir, 'new')])
  expect(await ownSources('bullseye', files)).toEqual([join(dir, 'old')])
  expect(await ownSources('trixie', files)).toEqual([])
})

test('without mmdebstrap: how to get it; one that fails: its last words', async (context) => {
  const engine = createEngine((await sharedEngine(context)).socket)
  const lines: string[] = []
  const options = { engine, name: 'trimtab-test/never:1', recipe: STACK_RECIPE, line: (text: string) => void lines.push(text) }
  vi.stubEnv('PATH', await folder({}))
  const missing = expect.objectContaining({ code: 'NotFound', message: expect.stringContaining('apt-get install mmdebstrap') })
  await expect(buildStack(options)).rejects.toThrow(missing)
  vi.stubEnv('PATH', await folder({ mmdebstrap: '#!/bin/sh\necho "I: trying" >&2\necho "E: no such suite: $*" >&2\nexit 25\n' }))
  const failed = expect.objectContaining({
    code: 'BuildFailed',
    message: expect.stringMatching(/exited with 25[\s\S]*E: no such suite: .* bookworm -/),
  })
  await expect(buildStack(options)).rejects.toThrow(failed)
  expect(lines[0]).toBe('I: trying')
  // Whole archives of programs that fail afterwards are no images either.
  const sick = '#!/bin/sh\ntar -cf - --files-from /dev/null; sleep 0.2; echo E: late >&2; exit 1\n'
  vi.stubEnv('PATH', `${await folder({ mmdebstrap: sick })}:/usr/bin:/bin`)
  await expect(buildStack(options)).rejects.toThrow('E: late')
  await expect(engine.docker.getImage('trimtab-test/never:1').inspect()).rejects.toMatchObject({ statusCode: 404 })
})

test('what it makes: a user for the apps, no trace of where the packages came from, and a label', async (context) => {
  const { socket } = await sharedEngine(context)
  const { docker } = createEngine(socket)
  const image = await stackImage(socket)
  const { Config } = await docker.getImage(image).inspect()
  expect(Config.Labels).toEqual({ 'trimtab.role': 'stack' })
  const Cmd = [
    'sh',
    '-c',
    'getent passwd 1000; stat -c %u:%g /app; cd /etc/apt; cat sources.list sources.list.d/* 2>&- | grep -v ^#; type setpriv find tar',
  ]
  const container = await docker.createContainer({ Image: image, Cmd, HostConfig: { NetworkMode: 'none' }, Tty: true })
  onTestFinished(() => container.remove({ force: true }))
  await container.start()
  await container.wait()
  const said = (await container.logs({ stdout: true })).toString().replaceAll('\r', '')
  expect(said).toMatch(/^app:x:1000:1000:.*:\/app:\/bin\/bash\n1000:1000\n/)
  expect(said).toMatch(/\nsetpriv is .*\nfind is .*\ntar is /)
  const sources = [...said.matchAll(/https?:\/\/([^\s/]+)/g)].map(([, host]) => host)
  expect(said).toContain('-security')
  expect(sources.filter((host) => !host?.endsWith('.debian.org'))).toEqual([])
})
