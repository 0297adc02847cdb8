import { describe, expect, it } from 'vitest'
import { TrimtabError } from '../../src/errors.ts'
import { parseManifest } from '../../src/manifest/manifest.ts'
import { requireAbilities } from '../../src/release/abilities.ts'

/** What is told of an app.yaml on such a platform; null: nothing. */
function refusal(appYaml: string, runtime: 'process' | 'docker'): string | null {
  try {
    requireAbilities(parseManifest({ appYaml, procfile: null }), {
      runtime: { kind: runtime },
      router: { kind: 'traefik' },
      secrets: { npm: 'x' },
      bases: { temurin: 'temurin:21' },
      artifacts: { allow: ['https'] },
    })
  } catch (error) {
    if (error instanceof TrimtabError && error.code === 'ManifestInvalid' && !error.retry) return error.message
    throw error
  }
  return null
}

describe('what needs containers', () => {
  const text = `
build: {dockerfile: Dockerfile}
processes:
  web: {memory: 512M, cpus: 0.5}
  worker: {memory: 1G}
`
  it('is refused on local processes, every key of it with a reason', () => {
    const why = 'needs containers, and this platform runs local processes (platform.yaml: runtime: docker)'
    expect(refusal(text, 'process')?.split('\n')).toStrictEqual([
      `app.yaml build.dockerfile: ${why}`,
      `app.yaml processes.web.memory: ${why}`,
      `app.yaml processes.web.cpus: ${why}`,
      `app.yaml processes.worker.memory: ${why}`,
    ])
    expect(refusal('build: {image: nginx}', 'process')).toBe(`app.yaml build.image: ${why}`)
  })

  it('is taken on containers, and everything else on both', () => {
    expect(refusal(text, 'docker')).toBeNull()
    expect(refusal('build: {image: nginx}', 'docker')).toBeNull()
    const plain = 'build: {buildpacks: [nodejs], timeout: 5m}\nprocesses: {web: {scale: 2, command: x}}'
    expect(refusal(plain, 'process')).toBeNull()
    expect(refusal(plain, 'docker')).toBeNull()
  })
})

describe('what needs the operator', () => {
  const artifact = (more: string) => refusal(`build: {artifact: {sha256: ${'ab'.repeat(32)}, name: shop, ${more}}}`, 'docker')

  it('an artifact, as far as it is fetched otherwise than platform.yaml allows', () => {
    expect([artifact('url: "https://h/shop"'), artifact('base: java'), artifact('base: temurin')]).toEqual([null, null, null])
    expect(artifact('url: "http://h/shop"')).toBe(
      'app.yaml build.artifact.url: artifacts are to be had over https on this platform, not over http (platform.yaml: artifacts: {allow: […]})',
    )
    expect(artifact('base: nothing')).toBe(
      'app.yaml build.artifact.base: there is no base "nothing" on this platform; there are binary, java, php, stack, temurin (platform.yaml: bases)',
    )
  })

  it('an artifact runs on local processes too, whatever its base', () => {
    expect(refusal(`build: {artifact: {sha256: ${'ab'.repeat(32)}, name: shop, base: nothing}}`, 'process')).toBeNull()
  })

  it('a secret of a Dockerfile', () => {
    expect(refusal('build: {dockerfile: {secrets: [npm]}}', 'docker')).toBeNull()
    expect(refusal('build: {dockerfile: {secrets: [npm, other]}}', 'docker')).toBe(
      'app.yaml build.dockerfile.secrets: there is no secret "other"; the operator adds it to platform.yaml (secrets: {other: …})',
    )
  })
})

describe('what needs Traefik', () => {
  const platform = (router: 'embedded' | 'traefik', secrets = {}) => ({
    runtime: { kind: 'docker' as const },
    router: { kind: router },
    secrets,
    bases: {},
    artifacts: { allow: [] },
  })
  const refused = (appYaml: string, on: ReturnType<typeof platform>) => {
    try {
      requireAbilities(parseManifest({ appYaml, procfile: null }), on)
    } catch (error) {
      if (error instanceof TrimtabError && error.code === 'ManifestInvalid' && !error.retry) return error.message.split('\n')
      throw error
    }
    return []
  }
  const why = "needs Traefik, and this platform's router is the embedded one (platform.yaml: router: {kind: traefik})"

  it.each([
    ['host: shop.example.com', 'rateLimit: 100/s', 'shop.example.com/: rateLimit'],
    ['host: shop.example.com, path: /x', 'maxBody: 10M', 'shop.example.com/x: maxBody'],
    ['host: shop.example.com', 'timeout: 1m', 'shop.example.com/: timeout'],
    ['host: shop.example.com', 'sticky: true', 'shop.example.com/: sticky'],
    ['host: shop.example.com', 'allow: [10.0.0.0/8]', 'shop.example.com/: allow'],
    ['host: shop.example.com', 'headers: {request: {A: b}}', 'shop.example.com/: headers'],
    ['host: shop.example.com', 'redirect: https://example.com', 'shop.example.com/: redirect'],
    ['host: "*.example.com"', 'stripPrefix: true', '*.example.com/: a host with *'],
  ])('%s, %s', (where, option, told) => {
    const text = `routes: [{${where}, ${option}}]`
    expect(refused(text, platform('embedded'))).toStrictEqual([`app.yaml routes: ${told} ${why}`])
    expect(refused(text, platform('traefik'))).toStrictEqual([])
  })

  it('is told for every option of every host, at once, with the secrets that are missing', () => {
    const text = 'routes: [{host: [a.test, b.test], basicAuth: {secret: admins}, sticky: true}]'
    const missing = 'there is no secret "admins"; the operator adds it to platform.yaml (secrets: {admins: …})'
    const secret = ['a', 'b'].map((host) => `app.yaml routes: ${host}.test/: basicAuth: ${missing}`)
    const options = ['a', 'b'].flatMap((host) =>
      ['basicAuth', 'sticky'].map((key) => `app.yaml routes: ${host}.test/: ${key} ${why}`),
    )
    expect(refused(text, platform('embedded'))).toStrictEqual([...options, ...secret])
    expect(refused(text, platform('traefik'))).toStrictEqual(secret)
    expect(refused(text, platform('traefik', { admins: 'ann:{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=' }))).toStrictEqual([])
  })

  it('is none of what the embedded router does: several hosts, paths, prefixes, processes', () => {
    const text = 'routes: [{host: [a.test, b.test], path: /x, stripPrefix: true, process: api, sticky: false, headers: {}}]'
    expect(refused(text, platform('embedded'))).toStrictEqual([])
  })
})
