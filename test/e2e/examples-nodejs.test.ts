/** examples/nodejs-build from commit to live, and again with one line changed. */
import { cpSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { onlyWithRegistry } from '../build/registry.ts'
import { overRuntimes } from '../support/kinds.ts'
import { TestPlatform } from '../support/platform.ts'

const EXAMPLE = join(import.meta.dirname, '../..', 'examples/nodejs-build')

overRuntimes((kind) => {
  let platform: TestPlatform | undefined

  afterAll(() => platform?.strike())

  it('nodejs-build: TypeScript, bundled and pruned, then one line of it changed', { timeout: 300_000 }, async (context) => {
    await onlyWithRegistry(context, 'npm')
    platform = await TestPlatform.make({ kind })
    platform.configure({ apps: [{ name: 'pages', repo: './pages' }] })
    const repo = platform.repo('pages')
    cpSync(EXAMPLE, repo.dir, { recursive: true })
    const first = repo.commit('The example')
    await platform.up()
    await platform.live('pages', first, 250_000)
    expect(await platform.says('pages')).toContain('<p>Rendered by <strong>v1</strong>')
    expect((await platform.get('pages.test.localhost', '/none')).status).toBe(404)

    const text = readFileSync(join(EXAMPLE, 'src/server.ts'), 'utf8').replace('There is no such page', 'Nothing here')
    const second = repo.write({ 'src/server.ts': text }).commit('Other words')
    await platform.live('pages', second)
    expect((await platform.get('pages.test.localhost', '/none')).body).toContain('Nothing here')
    expect((await platform.run('logs', 'pages', '--build')).out).toContain(
      'node_modules of the last build fits package-lock.json',
    )
    const times = (await platform.events('pages'))
      .filter(({ type }) => type === 'BuildSucceeded')
      .map(({ durationMs }) => durationMs ?? 0)
    console.log(`${kind.name}: builds of nodejs-build took ${times.join(' and ')} ms`)
    expect(times[1]).toBeLessThan((times[0] ?? 0) * 0.7)
  })
})
