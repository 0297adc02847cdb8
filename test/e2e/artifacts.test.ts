/** Artifacts from commit to live and back: by address and by upload, an archive, a program and a .jar. */

import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { tarOf } from '../build/artifact/made.ts'
import { type FileServer, fileServer, MAKE_JAR, program, sha256 } from '../support/artifacts.ts'
import { sharedEngine, stackImage } from '../support/docker.ts'
import { containers } from '../support/kinds/containers.ts'
import { overRuntimes } from '../support/kinds.ts'
import { TestPlatform, until } from '../support/platform.ts'

overRuntimes((kind) => {
  let platform: TestPlatform
  let server: FileServer

  beforeAll(async () => {
    server = await fileServer()
    platform = await TestPlatform.make({ kind, extra: { artifacts: { allow: ['http'], local: true } } })
    platform.configure({
      apps: [
        { name: 'shop', repo: './shop' },
        { name: 'tool', repo: './tool' },
      ],
    })
    platform.repo('shop')
    platform.repo('tool')
    for (const name of ['shop', 'tool']) platform.openRepo(name).write({ 'README.md': '' }).commit('Nothing yet')
    await platform.up()
  })

  afterAll(async () => {
    await platform?.strike()
    await server?.close()
  })

  /** An archive with a program that answers with this word. */
  const archive = (word: string) =>
    gzipSync(
      tarOf([
        { name: 'Procfile', content: `web: ./bin/server "${word}"\n` },
        { name: 'bin/server', content: elf, mode: 0o755 },
      ]),
    )
  let elf: Buffer

  it('an archive by its address: live; another hash fails and the old one serves; a revert fetches nothing', async () => {
    elf = program()
    const repo = platform.openRepo('shop')
    const at = (content: Buffer, path: string) =>
      `build:\n  artifact: {url: "${server.url}${path}", sha256: ${sha256(content)}}\n`
    const [one, two] = [archive('one'), archive('two')]
    server.files.set('/shop-1.tar.gz', one).set('/shop-2.tar.gz', two)
    const first = repo.write({ 'app.yaml': at(one, '/shop-1.tar.gz') }).commit('One')
    await platform.live('shop', first)
    expect(await platform.says('shop')).toBe('one')

    const failed = repo.write({ 'app.yaml': at(one, '/shop-2.tar.gz') }).commit('Two, with the hash of one')
    const { failure, serving } = await platform.failed('shop', failed)
    expect(failure.message).toContain(`expected ${sha256(one)}`)
    expect(failure.message).toContain(`found    ${sha256(two)}`)
    expect(serving).toMatchObject({ release: 1 })
    expect(await platform.says('shop')).toBe('one')

    const second = repo.write({ 'app.yaml': at(two, '/shop-2.tar.gz') }).commit('Two')
    await platform.live('shop', second)
    expect(await platform.says('shop')).toBe('two')
    const asked = server.asked.length
    server.files.clear()
    const back = repo.write({ 'app.yaml': at(one, '/shop-1.tar.gz') }).commit('One again')
    await platform.live('shop', back)
    expect(await platform.says('shop')).toBe('one')
    expect(server.asked.length).toBe(asked)
    expect(await platform.story('shop', back)).not.toContain('BuildStarted')
    expect((await platform.releases('shop'))[0]).toMatchObject({ built: false })
  })

  it('a program by upload: the lines that are printed are those to commit; it is listed, and kept while it is used', async () => {
    const file = join(platform.dir, 'tool-1.0')
    writeFileSync(file, elf)
    const { code, out, err } = await platform.run('artifact', 'push', file)
    expect({ code, out }).toEqual({
      code: 0,
      out: `build:\n  artifact: {sha256: ${sha256(elf)}, name: tool-1.0, base: binary}\n`,
    })
    expect(err).toMatch(/^tool-1\.0 is here: \d+ kB\. To deploy it, commit this in app\.yaml:\n$/)
    const commit = platform.openRepo('tool').write({ 'app.yaml': out }).commit('The tool')
    await platform.live('tool', commit)
    expect(await platform.says('tool')).toBe('a program\n')

    expect((await platform.run('artifact', 'list')).out).toContain(sha256(elf).slice(0, 12))
    const kept = await platform.run('artifact', 'rm', sha256(elf).slice(0, 10))
    expect(kept).toMatchObject({ code: 2, err: expect.stringContaining('a release uses it') })
    writeFileSync(file, 'nobody uses this')
    await platform.run('artifact', 'push', file)
    expect(await platform.run('artifact', 'rm', sha256('nobody uses this'))).toMatchObject({ code: 0 })
    expect((await platform.run('artifact', 'push', join(platform.dir, 'none'))).code).not.toBe(0)
  })

  if (!kind.isOnHost)
    it('a .jar, on the stack’s Java', { timeout: 120_000 }, async (context) => {
      const image = await stackImage((await sharedEngine(context)).socket)
      const made = containers.docker('run', '--rm', '--network', 'none', '--entrypoint', '/bin/bash', image, '-c', MAKE_JAR)
      mkdirSync(join(platform.dir, 'target'))
      writeFileSync(join(platform.dir, 'target/shop.jar'), Buffer.from(made, 'base64'))
      const { out } = await platform.run('artifact', 'push', join(platform.dir, 'target/shop.jar'))
      expect(out).toContain('name: shop.jar, base: java}')
      const commit = platform.openRepo('tool').write({ 'app.yaml': out }).commit('In Java')
      await platform.live('tool', commit)
      expect(await platform.says('tool')).toBe('a Java archive\n')
      await until(() => platform.running('tool').length === 1, 'the program to end')
    })
})
