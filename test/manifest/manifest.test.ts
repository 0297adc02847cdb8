import { describe, expect, it } from 'vitest'
import { parseManifest } from '../../src/manifest/manifest.ts'

const parse = (appYaml: string | null, procfile: string | null = null) => parseManifest({ appYaml, procfile })
const EMPTY = { build: { env: {} }, env: {}, processes: {} }

it.each([null, '', '\n', '# nothing yet\n', '{}', '---\n', 'null', '\ufeff', 'x-notes: {a: [1, {b: c}]}'])(
  '%j is an empty manifest',
  (text) => {
    expect(parse(text)).toStrictEqual(EMPTY)
  },
)

it('takes every key there is', () => {
  const text = `
name: shop
build:
  buildpacks: [nodejs, heroku/python, ./packs//own/]
  env: {NPM_CONFIG_PRODUCTION: "false"}
  timeout: 15m
env:
  LOG_LEVEL: info
processes:
  web:
    scale: 2
    command: node server.js
    health: {path: /healthz, interval: 5s, timeout: 2s, grace: 1m30s}
    stop: {signal: SIGINT, timeout: 0s}
  worker: {scale: 0}
  plain: {}
release: npm run migrate
routes:
  - host: shop.example.com
  - {host: example.com, path: /shop/, stripPrefix: true, process: worker}
`
  expect(parse(text)).toStrictEqual({
    name: 'shop',
    build: { buildpacks: ['nodejs', 'python', './packs/own'], env: { NPM_CONFIG_PRODUCTION: 'false' }, timeoutMs: 900_000 },
    env: { LOG_LEVEL: 'info' },
    processes: {
      web: {
        scale: 2,
        command: 'node server.js',
        health: { path: '/healthz', intervalMs: 5000, timeoutMs: 2000, graceMs: 90_000 },
        stop: { signal: 'SIGINT', timeoutMs: 0 },
      },
      worker: { scale: 0 },
      plain: {},
    },
    release: 'npm run migrate',
    routes: [
      { host: 'shop.example.com', path: '/', stripPrefix: false, process: 'web' },
      { host: 'example.com', path: '/shop', stripPrefix: true, process: 'worker' },
    ],
  })
})

it('gives values of the environment as they are written', () => {
  const text = `env: {A: 1.10, B: True, C: 12345678901234567890, D: "1.10", E: 0x1F, F: yes, G: "", H: 1e3, I: 2024-01-01, J: -0}`
  expect(parse(text).env).toStrictEqual({
    A: '1.10',
    B: 'True',
    C: '12345678901234567890',
    D: '1.10',
    E: '0x1F',
    F: 'yes',
    G: '',
    H: '1e3',
    I: '2024-01-01',
    J: '-0',
  })
})

it('leaves x- keys free in every mapping, with anchors in them', () => {
  const text = `
x-health: &health {path: /up, x-why: {deep: [1]}}
build: {x-a: 1, env: {x-b: 2}}
env: {x-c: {}}
processes: {x-d: 3, web: {x-e: 4, health: *health, stop: {x-f: 5}}}
routes: [{host: a.b, x-g: 6}]
`
  expect(parse(text)).toStrictEqual({
    ...EMPTY,
    processes: { web: { health: { path: '/up' }, stop: {} } },
    routes: [{ host: 'a.b', path: '/', stripPrefix: false, process: 'web' }],
  })
})

it('keeps a numeric process type as text, and several lines of a command', () => {
  expect(parse('processes: {1: {command: "a\\nb"}}').processes).toStrictEqual({ '1': { command: 'a\nb' } })
})

describe('Procfile', () => {
  it('is taken in its order, release left out, whatever its line ends', () => {
    const text =
      '# what runs\r\nworker: node  worker.js # not a comment\r\n\r\n  # more\nweb:node server.js: 1\rrelease:   npm run migrate  '
    const manifest = parse(null, text)
    expect(manifest).toStrictEqual({
      ...EMPTY,
      procfile: { worker: 'node  worker.js # not a comment', web: 'node server.js: 1' },
      release: 'npm run migrate',
    })
    expect(Object.keys(manifest.procfile ?? {})).toStrictEqual(['worker', 'web'])
  })

  it('is there even if empty', () => {
    expect(parse(null, '\ufeff# none\n')).toStrictEqual({ ...EMPTY, procfile: {} })
  })

  it("gives way to app.yaml's release", () => {
    expect(parse('release: a', 'release: b').release).toBe('a')
  })
})
