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
        dockerfile: dockerfile.replace('./', ''),
        timeoutMs: 300_000,
        env: { A: 'b' },
      })
    },
  )

  it.each(['nginx', 'registry.example.com:5000/shop/web:1.2', `ghcr.io/acme/shop@${DIGEST}`])('image: %s', (image) => {
    expect(parse(`build: {image: "${image}"}`).build).toStrictEqual({ image, env: {} })
  })

  const dockerfile = 'expected the path of a Dockerfile in the repository'
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
    [
      `build: {dockerfile: ${'a'.repeat(256)}}`,
      `build.dockerfile: ${dockerfile} of at most 255 characters, got "${'a'.repeat(59)}…"`,
    ],
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
