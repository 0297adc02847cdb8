/** examples/ruby from commit to live, with the Ruby of the stack or the machine's own. */
import { spawnSync } from 'node:child_process'
import { cpSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { overRuntimes } from '../support/kinds.ts'
import { TestPlatform } from '../support/platform.ts'

const EXAMPLE = join(import.meta.dirname, '../..', 'examples/ruby')
const missing = ['ruby', 'bundle'].filter((name) => spawnSync('which', [name]).status !== 0)

overRuntimes((kind) => {
  let platform: TestPlatform | undefined

  afterAll(() => platform?.strike())

  it('ruby: built with Bundler, and it answers', { timeout: 120_000 }, async (context) => {
    if (kind.isOnHost && missing.length > 0) return context.skip(`there is no ${missing.join(' and no ')} on this machine`)
    platform = await TestPlatform.make({ kind })
    platform.configure({ apps: [{ name: 'ruby', repo: './ruby' }] })
    const repo = platform.repo('ruby')
    cpSync(EXAMPLE, repo.dir, { recursive: true })
    const commit = repo.commit('The example')
    await platform.up()
    await platform.live('ruby', commit, 100_000)
    expect(await platform.says('ruby')).toBe(`Hello from Ruby, v1, commit ${commit.slice(0, 12)}\n`)
  })
})
