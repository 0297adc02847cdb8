/** examples/artifact and examples/dockerfile: what is not built here, or by somebody else's rules. */
import { cpSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { sharedEngine, stackImage } from '../support/docker.ts'
import { overRuntimes } from '../support/kinds.ts'
import { TestPlatform, until } from '../support/platform.ts'

const ARTIFACT = join(import.meta.dirname, '../..', 'examples/artifact')
const DOCKERFILE = join(import.meta.dirname, '../..', 'examples/dockerfile')

overRuntimes((kind) => {
  let platform: TestPlatform

  beforeAll(async () => {
    platform = await TestPlatform.make({ kind, extra: { secrets: { 'greeting-key': 'key-of-17-letters' } } })
    const names = kind.isOnHost ? ['greeter'] : ['greeter', 'docker']
    for (const name of names) platform.repo(name)
    platform.configure({ apps: names.map((name) => ({ name, repo: `./${name}` })) })
    await platform.up()
  })

  afterAll(() => platform?.strike())

  it('artifact: a file that is uploaded, after its commit', { timeout: 180_000 }, async () => {
    const repo = platform.openRepo('greeter')
    cpSync(join(ARTIFACT, 'app.yaml'), join(repo.dir, 'app.yaml'))
    const first = repo.commit('What was built elsewhere')
    const { failure } = await platform.failed('greeter', first)
    expect(failure).toMatchObject({ code: 'BuildFailed', message: expect.stringContaining('Upload it: trimtab artifact push') })

    // What it has waited for comes: nobody has to ask again.
    const { code, out } = await platform.run('artifact', 'push', join(ARTIFACT, 'greeter'))
    expect(code).toBe(0)
    expect(repo.git('show', 'HEAD:app.yaml')).toContain(out.trim())
    const isLive = async () => (await platform.status('greeter')).status === 'Live'
    await until(isLive, 'the app to be live', 110_000)
    expect(await platform.says('greeter')).toBe('Hello from v1\n')
  })

  if (!kind.isOnHost)
    it('dockerfile: an argument, a stage, and a secret that is nowhere afterwards', { timeout: 180_000 }, async (context) => {
      const { socket } = await sharedEngine(context)
      const repo = platform.openRepo('docker')
      cpSync(DOCKERFILE, repo.dir, { recursive: true })
      const given = readFileSync(join(DOCKERFILE, 'app.yaml'), 'utf8')
      const first = repo.write({ 'app.yaml': given.replace('node:22-slim', await stackImage(socket)) }).commit('The example')
      await platform.live('docker', first, 170_000)
      expect(await platform.says('docker')).toBe('Hello from a Dockerfile, signed with a key of 17 characters\n')
      const told = [await platform.run('logs', 'docker', '--build'), await platform.run('releases', 'docker', '--json')]
      expect(JSON.stringify(told)).not.toContain('key-of-17-letters')
    })
})
