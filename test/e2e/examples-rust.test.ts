/** examples/rust from commit to live, with the Rust of the stack or the machine's own. */
import { spawnSync } from 'node:child_process'
import { cpSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { onlyWithCrates } from '../build/crates.ts'
import { overRuntimes } from '../support/kinds.ts'
import { TestPlatform } from '../support/platform.ts'

const EXAMPLE = join(import.meta.dirname, '../..', 'examples/rust')

overRuntimes((kind) => {
  let platform: TestPlatform | undefined

  afterAll(() => platform?.strike())

  it('rust: a server with a crate, then one line of it changed', { timeout: 200_000 }, async (context) => {
    await onlyWithCrates(context)
    if (kind.isOnHost && spawnSync('cargo', ['-V']).status !== 0) return context.skip('there is no cargo on this machine')
    platform = await TestPlatform.make({ kind })
    platform.configure({ apps: [{ name: 'rust', repo: './rust' }] })
    const repo = platform.repo('rust')
    cpSync(EXAMPLE, repo.dir, { recursive: true })
    const first = repo.commit('The example')
    await platform.up()
    await platform.live('rust', first, 180_000)
    expect(await platform.says('rust')).toBe(`Hello from Rust, v1, commit ${first.slice(0, 12)}\n`)
    expect((await platform.get('rust.test.localhost', '/none')).status).toBe(404)

    const main = 'src/main.rs'
    const text = readFileSync(join(EXAMPLE, main), 'utf8').replace('Hello', 'Goodbye')
    const second = repo.write({ [main]: text }).commit('Other words')
    await platform.live('rust', second)
    expect(await platform.says('rust')).toContain('Goodbye from Rust, v2')
    const log = (await platform.run('logs', 'rust', '--build')).out
    expect(log).not.toContain('Compiling httparse')
  })
})
