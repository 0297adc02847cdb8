/** examples/java from commit to live, with the Java of the stack or the machine's own. */
import { spawnSync } from 'node:child_process'
import { cpSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { onlyWithRegistry } from '../build/registry.ts'
import { overRuntimes } from '../support/kinds.ts'
import { TestPlatform } from '../support/platform.ts'

const EXAMPLE = join(import.meta.dirname, '../..', 'examples/java')
const missing = ['javac', 'mvn'].filter((name) => spawnSync('which', [name]).status !== 0)

overRuntimes((kind) => {
  let platform: TestPlatform | undefined

  afterAll(() => platform?.strike())

  it('java: built with Maven, and it answers', { timeout: 300_000 }, async (context) => {
    if (kind.isOnHost && missing.length > 0) return context.skip(`there is no ${missing.join(' and no ')} on this machine`)
    await onlyWithRegistry(context, 'maven')
    platform = await TestPlatform.make({ kind })
    platform.configure({ apps: [{ name: 'java', repo: './java' }] })
    const repo = platform.repo('java')
    cpSync(EXAMPLE, repo.dir, { recursive: true })
    const commit = repo.commit('The example')
    await platform.up()
    await platform.live('java', commit, 280_000)
    expect(await platform.says('java')).toBe(`Hello from Java, v1, commit ${commit.slice(0, 12)}\n`)
  })
})
