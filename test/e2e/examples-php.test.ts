/** examples/php in containers: what hosts have of PHP differs, and the stack has all of it. */
import { cpSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { overRuntimes } from '../support/kinds.ts'
import { TestPlatform } from '../support/platform.ts'

const FOLDER = 'examples/php'
const CLASS = 'src/Greeting.php'

overRuntimes(
  (kind) => {
    let platform: TestPlatform | undefined

    afterAll(() => platform?.strike())

    it('a commit, then another while somebody waits for a slow answer of the first', { timeout: 180_000 }, async () => {
      platform = await TestPlatform.make({ kind })
      platform.configure({ apps: [{ name: 'php', repo: './php' }] })
      const repo = platform.repo('php')
      cpSync(join(import.meta.dirname, '../..', FOLDER), repo.dir, { recursive: true })
      const slow = "if (isset($_GET['slow'])) { error_log('begins'); usleep(1500000); }"
      const index = readFileSync(join(repo.dir, 'public/index.php'), 'utf8')
      const first = repo.write({ 'public/index.php': index.replace('echo new', `${slow}\necho new`) }).commit('A slow page')
      await platform.up()
      await platform.live('php', first)
      const text = (release: number, commit: string) => `from PHP, v${release}, commit ${commit.slice(0, 12)}\n`
      expect(await platform.says('php')).toBe(`Hello ${text(1, first)}`)

      const visitor = platform.visit('php')
      const waiting = platform.get('php.test.localhost', '/?slow=1')
      const greeting = readFileSync(join(repo.dir, CLASS), 'utf8')
      const second = repo.write({ [CLASS]: greeting.replace('Hello', 'Good day') }).commit('More polite')
      await platform.live('php', second)
      expect(await platform.says('php')).toBe(`Good day ${text(2, second)}`)
      expect(await waiting).toMatchObject({ status: 200, body: `Hello ${text(1, first)}` })
      await visitor.stop()
      expect(visitor.lost).toEqual([])
      expect((await platform.run('logs', 'php')).out).toContain('at a time, serving /app/public on port')
    })
  },
  ['docker'],
)
