/** examples/go from commit to live, in Go that is downloaded (containers) or the machine's own. */
import { execFileSync, spawnSync } from 'node:child_process'
import { cpSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { createEngine } from '../../src/engine/engine.ts'
import { type GoProxy, goProxy, SMALL, TOOLCHAIN } from '../build/goProxy.ts'
import { sharedEngine } from '../support/docker.ts'
import { overRuntimes } from '../support/kinds.ts'
import { TestPlatform } from '../support/platform.ts'

const EXAMPLE = join(import.meta.dirname, '../..', 'examples/go')

overRuntimes((kind) => {
  let platform: TestPlatform | undefined
  let proxy: GoProxy | undefined

  afterAll(async () => {
    await platform?.strike()
    await proxy?.close()
  })

  it('go: a server with a dependency, then one line of it changed', { timeout: 400_000 }, async (context) => {
    if (spawnSync('go', ['version'], { cwd: '/' }).status !== 0) return context.skip('there is no go on this machine')
    const { docker } = kind.isOnHost ? {} : createEngine((await sharedEngine(context)).socket)
    const host = (await docker?.getNetwork('bridge').inspect())?.IPAM?.Config?.[0]?.Gateway ?? '127.0.0.1'
    proxy = await goProxy(context, { modules: [TOOLCHAIN, SMALL], host })
    // On the machine itself all apps may share what is compiled of Go's own packages: half a minute's work.
    const cache = execFileSync('go', ['env', 'GOCACHE'], { cwd: '/', encoding: 'utf8' }).trim()
    platform = await TestPlatform.make({
      kind,
      extra: { builds: { env: { GOPROXY: proxy.url, ...(kind.isOnHost && { GOCACHE: cache }) } } },
    })
    platform.configure({ apps: [{ name: 'go', repo: './go' }] })
    const repo = platform.repo('go')
    cpSync(EXAMPLE, repo.dir, { recursive: true })
    const first = repo.commit('The example')
    await platform.up()
    await platform.live('go', first, 350_000)
    expect(await platform.says('go')).toBe(`Hello from Go, v1, commit ${first.slice(0, 12)}\n`)
    const { status, headers } = await platform.get('go.test.localhost', '/qr?text=trimtab')
    expect([status, headers['content-type']]).toEqual([200, 'image/png'])

    const main = 'cmd/web/main.go'
    const text = readFileSync(join(EXAMPLE, main), 'utf8').replace('Hello', 'Goodbye')
    const second = repo.write({ [main]: text }).commit('Other words')
    await platform.live('go', second)
    expect(await platform.says('go')).toContain('Goodbye from Go, v2')
    const times = (await platform.events('go'))
      .filter(({ type }) => type === 'BuildSucceeded')
      .map(({ durationMs }) => durationMs ?? 0)
    console.log(`${kind.name}: Go builds took ${times.join(' and ')} ms`)
    expect(times).toHaveLength(2)
    // On the machine what takes the time may have been compiled before.
    if (!kind.isOnHost) expect(times[1]).toBeLessThan((times[0] ?? 0) / 2)
  })
})
