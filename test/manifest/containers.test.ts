/** What needs containers: other ways to build, and limits of a process. */
import { describe, expect, it } from 'vitest'
import { parseManifest } from '../../src/manifest/manifest.ts'
import { problemsOf } from './problems.ts'

const parse = (appYaml: string) => parseManifest({ appYaml, procfile: null })
const DIGEST = `sha256:${'0123456789abcdef'.repeat(4)}`

describe('build', () => {
  it.each(['Dockerfile', 'docker/web.Dockerfile', './Dockerfile.prod', 'a..b/c d', '.docker/Dockerfile', '$(id)'])(
    'dockerfile: %s',
    (dockerfile) => {
      expect(parse(`build: {dockerfile: "${dockerfile}", timeout: 5m, env: {A: b}}`).build).toStrictEqual({
        dockerfile: { path: dockerfile.replace('./', ''), args: {}, secrets: [] },
        timeoutMs: 300_000,
        env: { A: 'b' },
      })
    },
  )

  it.each(['nginx', 'registry.example.com:5000/shop/web:1.2', `ghcr.io/acme/shop@${DIGEST}`])('image: %s', (image) => {
    expect(parse(`build: {image: "${image}"}`).build).toStrictEqual({ image, env: {} })
  })

  it('dockerfile: with all that it may have', () => {
    const written =
      '{path: ./docker/Web, args: {VERSION: 1.10, DEBUG: true}, target: web, context: ./services/, secrets: [npm, key]}'
    expect(parse(`build:\n  dockerfile: ${written}`).build.dockerfile).toStrictEqual({
      path: 'docker/Web',
      args: { VERSION: '1.10', DEBUG: 'true' },
      target: 'web',
      context: 'services',
      secrets: ['key', 'npm'],
    })
    const least = { path: 'Dockerfile', args: {}, secrets: [] }
    expect(parse('build: {dockerfile: {context: .}}').build.dockerfile).toStrictEqual({ ...least, context: '' })
    expect(parse('build: {dockerfile: {}}').build.dockerfile).toStrictEqual(least)
  })

  const withoutPlace = (text: string) => problemsOf(text).map((line) => line.replace(/^app\.yaml:1:\d+ /, ''))
  const folder = 'expected a folder of the repository, from its root, such as . or services'
  it.each([
    ...['/', '..', '../x', 'a/../..', '-x', 'a\\\\b', '.git', '.git/hooks', ''].map((path) => [
      `{context: "${path}"}`,
      `build.dockerfile.context: ${folder}, got "${path}"`,
    ]),
    ['{target: "-x"}', 'build.dockerfile.target: expected the name of a stage, got "-x"'],
    ['{target: "a b"}', 'build.dockerfile.target: expected the name of a stage, got "a b"'],
    ['{args: {A-B: x}}', 'build.dockerfile.args.A-B: expected the name of an ARG: letters, digits and _, got "A-B"'],
    [
      '{args: {A: [x]}}',
      'build.dockerfile.args.A: expected text, a number, true or false; what is secret goes to secrets, got a list',
    ],
    ['{secrets: [UPPER]}', 'build.dockerfile.secrets[0]: expected the name of a secret of the platform, got "UPPER"'],
    ['{secrets: [a, a]}', 'build.dockerfile.secrets[1]: is named twice'],
    ['{pathh: x}', 'build.dockerfile.pathh: unknown key (did you mean "path"?)'],
  ])('dockerfile: %s', (written, line) => {
    expect(withoutPlace(`build: {dockerfile: ${written}}`)).toStrictEqual([line])
  })

  const SHA = 'ab'.repeat(32)
  it.each([
    [
      `{url: "https://h/d/shop-1.2.tar.gz?x=y", sha256: ${SHA}}`,
      { name: 'shop-1.2.tar.gz', base: 'stack', url: 'https://h/d/shop-1.2.tar.gz?x=y' },
    ],
    [`{sha256: ${SHA.toUpperCase()}, name: shop.war}`, { name: 'shop.war', base: 'java' }],
    [`{sha256: ${SHA}, name: shop.jar, base: temurin}`, { name: 'shop.jar', base: 'temurin' }],
    [`{sha256: ${SHA}, name: shop, url: "http://h/"}`, { name: 'shop', base: 'binary', url: 'http://h/' }],
  ])('artifact: %s', (written, artifact) => {
    const expected = { sha256: SHA, hasCommand: false, ...artifact }
    expect(parse(`build: {artifact: ${written}}`).build).toStrictEqual({ artifact: expected, env: {} })
  })

  it('artifact: whether there is a command for it', () => {
    const appYaml = `build: {artifact: {sha256: ${SHA}, name: x}}\n`
    const hasCommand = (more: string, procfile: string | null = null) =>
      parseManifest({ appYaml: appYaml + more, procfile }).build.artifact?.hasCommand
    expect([hasCommand(''), hasCommand('processes: {web: {scale: 2}}')]).toEqual([false, false])
    expect([hasCommand('processes: {web: {command: x}}'), hasCommand('', 'web: x\n')]).toEqual([true, true])
  })

  const address = 'expected an address such as https://example.com/shop-1.2.tar.gz'
  it.each([
    [`{sha256: ${SHA}}`, 'build.artifact: needs a url, or the name of what was uploaded'],
    [`{sha256: ${SHA}, url: "https://h/"}`, 'build.artifact: needs a name: its address ends in none'],
    [`{sha256: ${SHA}, url: "https://h/$(x)"}`, 'build.artifact: needs a name: its address ends in none'],
    ['{name: x}', 'build.artifact.sha256: expected a SHA-256, 64 hexadecimal digits, but it is missing'],
    ['{name: x, sha256: abc}', 'build.artifact.sha256: expected a SHA-256, 64 hexadecimal digits, got "abc"'],
    ...['../x', '.x', 'a b', '$(id)', '-x', 'a/b', ''].map((name) => [
      `{sha256: ${SHA}, name: "${name}"}`,
      `build.artifact.name: expected a file name of letters, digits and . _ + -, such as shop.war, got "${name}"`,
    ]),
    ...['file:///etc/passwd', 'ftp://h/x', 'https://', 'h/x', 'https://h/a b'].map((url) => [
      `{sha256: ${SHA}, url: "${url}"}`,
      `build.artifact.url: ${address}, got "${url}"`,
    ]),
    [
      `{sha256: ${SHA}, url: "https://user:secret@h/x"}`,
      'build.artifact.url: holds a password or token, which would be in git; upload it: trimtab artifact push',
    ],
  ])('artifact: %s', (written, line) => {
    expect(withoutPlace(`build: {artifact: ${written}}`)).toStrictEqual([line])
  })

  const dockerfile = 'expected the path of a Dockerfile in the repository, or a mapping such as {path: Dockerfile, target: web}'
  const path255 = 'expected the path of a Dockerfile in the repository of at most 255 characters'
  const image = 'expected an image such as registry.example.com/shop:1.2 or shop@sha256:…'
  it.each([
    ...[
      '',
      '/Dockerfile',
      '../Dockerfile',
      './',
      './/etc',
      '././a',
      'a/../../Dockerfile',
      'a/..',
      '..',
      '-',
      '--file=x',
      'a\\\\b',
      'a\\nb',
      'a\\0b',
    ].map((path) => [
      `build: {dockerfile: "${path}"}`,
      `build.dockerfile: ${dockerfile}, got "${path.replace('\\0', '\\u0000')}"`,
    ]),
    [`build: {dockerfile: ${'a'.repeat(256)}}`, `build.dockerfile: ${path255}, got "${'a'.repeat(59)}…"`],
    ['build: {dockerfile: true}', `build.dockerfile: ${dockerfile}, got true`],
    ...['', 'Shop', '--privileged', 'a b', 'shop@sha256:abc', 'https://h/a', 'a:{{x}}', 'a/../b'].map((name) => [
      `build: {image: "${name}"}`,
      `build.image: ${image}, got "${name}"`,
    ]),
  ])('%s', (text, line) => {
    expect(problemsOf(text)).toStrictEqual([`app.yaml:1:9 ${line}`])
  })

  it('is one way to build, not two', () => {
    const beside = 'is another way to build, beside buildpacks; one of them can be'
    expect(problemsOf('build: {image: a, buildpacks: [nodejs]}')).toStrictEqual([`app.yaml:1:9 build.image: ${beside}`])
    expect(problemsOf('build: {buildpacks: [nodejs], dockerfile: a, image: b}')).toStrictEqual([
      `app.yaml:1:31 build.dockerfile: ${beside}`,
      `app.yaml:1:46 build.image: ${beside}`,
    ])
  })
})

describe('limits', () => {
  it.each([
    ['memory: 512M', { memoryBytes: 2 ** 29 }],
    ['memory: 1.5G', { memoryBytes: 1.5 * 2 ** 30 }],
    ['memory: 6M', { memoryBytes: 6 * 2 ** 20 }],
    ['cpus: 0.5', { cpus: 0.5 }],
    ['cpus: 2', { cpus: 2 }],
    ['memory: 64MiB, cpus: 0.01', { memoryBytes: 2 ** 26, cpus: 0.01 }],
  ])('%s', (written, limits) => {
    expect(parse(`processes: {web: {scale: 2, ${written}}}`).processes).toStrictEqual({ web: { scale: 2, limits } })
  })

  const memory = 'expected a size from 6M to 1024T, such as 512M or 2G'
  const cpus = 'expected a number of cores from 0.01 to 1024, such as 0.5'
  it.each([
    ...['0', '512', '"0"', '"5M"', '"2000T"', '"-1G"', '"1e9"', '"512 Mb/s"', 'true'].map((value) => ['memory', value, memory]),
    ...['0', '-1', '0.001', '4096', '"0.5"', '.inf'].map((value) => ['cpus', value, cpus]),
  ])('%s: %s', (key, value, expected) => {
    expect(problemsOf(`processes: {web: {${key}: ${value}}}`)).toStrictEqual([
      `app.yaml:1:19 processes.web.${key}: ${expected}, got ${value}`,
    ])
  })
})
