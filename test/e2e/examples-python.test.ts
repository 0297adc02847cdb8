/** The Django example, from commit to page. */
import { cpSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { onlyWithRegistry } from '../build/registry.ts'
import { overRuntimes } from '../support/kinds.ts'
import { TestPlatform } from '../support/platform.ts'

const EXAMPLE = join(import.meta.dirname, '../..', 'examples/django')

overRuntimes((kind) => {
  let platform: TestPlatform | undefined

  afterAll(() => platform?.strike())

  it('django: a page, and its style sheet by a name with a hash', { timeout: 300_000 }, async (context) => {
    await onlyWithRegistry(context, 'pypi')
    platform = await TestPlatform.make({ kind })
    platform.configure({ apps: [{ name: 'django', repo: './site' }] })
    const repo = platform.repo('site')
    cpSync(EXAMPLE, repo.dir, { recursive: true })
    const commit = repo.commit('A Django site')
    await platform.up()

    expect(await platform.settled('django', commit, 280_000)).toMatchObject({ status: 'Live', failure: null })
    const page = await platform.says('django')
    expect(page).toContain(`<h1>Hello from Django, v1, commit ${commit.slice(0, 12)}</h1>`)
    const [, style = ''] = /href="(\/static\/style\.[0-9a-f]+\.css)"/.exec(page) ?? []
    const { status, headers, body } = await platform.get('django.test.localhost', style)
    expect({ status, body }).toEqual({ status: 200, body: expect.stringContaining('color: #0c4b33') })
    expect(headers['content-type']).toMatch(/^text\/css/)
    expect(headers['cache-control']).toContain('immutable')
    expect((await platform.run('logs', 'django', '--build')).out).toContain('-----> Running manage.py collectstatic')
  })
})
