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
      secrets: {},
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
