/** Whatever app.yaml says and validation lets through, the route file holds it, gives it back, and a real Traefik serves it. */
import { expect, test } from 'vitest'
import type { Manifest, RouteTable } from '../../src/domain.ts'
import { TrimtabError } from '../../src/errors.ts'
import { parseManifest } from '../../src/manifest/manifest.ts'
import { assemble } from '../../src/release/assemble.ts'
import { parseRoutes, renderRoutes } from '../../src/router/traefik.ts'
import { random } from '../manifest/mutate.ts'
import { traefikBinary } from '../support/traefik.ts'
import { TraefikProcess } from '../support/traefik-process.ts'

const ROUTES = [
  {
    host: ['a.test', '*.b.test'],
    path: "/a!$&'()*+,;=:@-._~",
    stripPrefix: true,
    process: 'api',
    basicAuth: { secret: 'admins' },
    allow: ['10.0.0.0/8', '2001:db8::/32', '192.0.2.7'],
    headers: { request: { 'x-a': 'b' }, response: { 'Content-Security-Policy': "default-src 'self'; `$1` {x}" } },
    rateLimit: { average: 100, period: '1m', burst: 5 },
    maxBody: '10M',
    timeout: '1m30s',
    sticky: true,
  },
  { host: 'c.test', path: '/x', headers: { request: { 'X-Empty': '', on: 'null' } }, rateLimit: '7/h' },
  { host: 'old.test', path: '/y', redirect: 'https://new.test:8443/shop/%7E;a' },
]
const PIECES = [
  '`',
  '"',
  "'",
  '\\',
  '{{',
  '}}',
  '{',
  '$',
  '$1',
  '\n',
  '\r\n',
  '#',
  ': ',
  '- ',
  '%',
  '%0a',
  '/',
  '/..',
  '.',
  '*',
  '-',
  ' ',
  '1',
  '0',
  'é',
  '\u2028',
  '@',
  ',',
  '|',
  '&&',
  '<<',
]

const SECRETS = {
  admins: 'ann:$2y$04$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW',
  admin: '{x}:{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=',
}
const IMAGE = { key: 'k', ref: 'k', processTypes: { web: 'x', api: 'y' }, configVars: {} }

/** The table of this app.yaml; null: it is refused, as it should be. */
function tableOf(app: string, appYaml: string): RouteTable | null {
  let manifest: Manifest
  try {
    manifest = parseManifest({ appYaml, procfile: null })
    const { content } = assemble({ name: app }, { domain: 'test', secrets: SECRETS }, manifest, IMAGE)
    const servers = [{ host: '127.0.0.1', port: 9 }]
    return { app, routes: content.routes.map((route) => ({ ...route, servers: route.process === '' ? [] : servers })) }
  } catch (error) {
    if (error instanceof TrimtabError && error.code === 'ManifestInvalid') return null
    throw error
  }
}

/** Files in which a piece was put into one text, or one was cut short, that are valid all the same: each says something nobody thought of. */
function survivors(rounds: number, seed: number): RouteTable[] {
  const pick = random(seed)
  const tables = Array.from({ length: rounds }, (_, round) => {
    const routes = JSON.stringify(ROUTES)
    const texts = [...routes.matchAll(/"((?:[^"\\]|\\.)*)"/g)]
    const text = texts[pick(texts.length)]
    const [index, inner] = [text?.index ?? 0, text?.[1] ?? '']
    const at = pick(inner.length + 1)
    const piece = JSON.stringify(PIECES[pick(PIECES.length)]).slice(1, -1)
    const damaged = inner.slice(0, at) + piece + inner.slice(at + (pick(2) === 0 ? 0 : 1 + pick(3)))
    return tableOf(`app-${round}`, `routes: ${routes.slice(0, index + 1)}${damaged}${routes.slice(index + 1 + inner.length)}`)
  })
  return tables.filter((table) => table !== null)
}

test('what is let through is written, and comes back', () => {
  const tables = survivors(800, 20260311)
  expect(tables.length).toBeGreaterThan(80)
  expect(tables.length).toBeLessThan(600)
  for (const table of tables) expect(parseRoutes(table.app, renderRoutes(table))).toEqual(table)
})

test('and Traefik serves all of it', async (context) => {
  const traefik = await TraefikProcess.start(await traefikBinary(context))
  try {
    const tables = survivors(400, Math.floor(Math.random() * 2 ** 31))
    expect(tables.length).toBeGreaterThan(30)
    await traefik.serve(...tables)
  } finally {
    await traefik.stop()
  }
})
