import { expect, it } from 'vitest'
import { parseManifest } from '../../src/manifest/manifest.ts'
import { assemble } from '../../src/release/assemble.ts'
import { manifestOfPreview } from '../../src/release/preview.ts'

const appYaml = `
build: {dockerfile: {path: Dockerfile, secrets: [npm-token]}}
env: {LOG_LEVEL: info}
processes:
  web: {scale: 3, command: node server.js}
  worker: {command: node worker.js}
  rare: {scale: 0, command: node rare.js}
routes:
  - host: shop.example.com
    basicAuth: {secret: staff}
`
const manifest = parseManifest({ appYaml, procfile: null })
const image = { key: 'k', ref: 'r', processTypes: {}, configVars: {} }

it('a preview has its own host, one of each process, and no route of the app', () => {
  const preview = manifestOfPreview(manifest, { of: 'shop', number: 7, isFork: false })
  const { content } = assemble({ name: 'shop-pr-7' }, { domain: 'apps.localhost', secrets: {} }, preview, image)
  expect(content.routes).toEqual([{ host: 'shop-pr-7.apps.localhost', path: '/', stripPrefix: false, process: 'web' }])
  expect(content.processes.map(({ type, scale }) => [type, scale])).toEqual([
    ['rare', 0],
    ['web', 1],
    ['worker', 1],
  ])
  expect(content.env).toEqual({ LOG_LEVEL: 'info' })
  expect(preview.build).toEqual(manifest.build)
})

it('a fork gets no secrets', () => {
  const preview = manifestOfPreview(manifest, { of: 'shop', number: 7, isFork: true, commit: 'a'.repeat(40) })
  expect(preview.build.dockerfile).toEqual({ path: 'Dockerfile', args: {}, secrets: [] })
  expect(JSON.stringify(preview)).not.toMatch(/npm-token|staff/)
})

it('suspension and deploy windows are about the app; what it waits for is not', () => {
  const steered = {
    ...manifest,
    suspend: true as const,
    deploy: { window: 'Mon-Fri 09:00-17:00' },
    dependsOn: ['auth'],
    paths: ['src/**'],
  }
  const preview = manifestOfPreview(steered, { of: 'shop', number: 7, isFork: false })
  expect(preview).toMatchObject({ dependsOn: ['auth'], paths: ['src/**'] })
  expect(preview).not.toHaveProperty('suspend')
  expect(preview).not.toHaveProperty('deploy')
})
