import { expect, it } from 'vitest'
import { mutate, random } from './mutate.ts'
import { problemsOf } from './problems.ts'

const APP = `name: shop
x-all: &a {path: /up, interval: 5s}
build: {buildpacks: [nodejs, ./own], env: {A: "1"}, timeout: 15m}
env:
  LOG: info
  N: 1.10
processes:
  web:
    scale: 2
    command: |
      node server.js
    health: *a
    stop: {signal: SIGTERM, timeout: 30s}
release: npm run migrate # once
routes:
  - host: shop.example.com
  - {host: example.com, path: /shop, stripPrefix: true, process: web}
  - host: [a.test, "*.b.test"]
    basicAuth: {secret: admins}
    allow: [10.0.0.0/8, "2001:db8::/32"]
    headers: {request: {x-a: ""}, response: {X-Frame-Options: DENY}}
    rateLimit: {average: 100, period: 1m, burst: 5}
    maxBody: 10M
    timeout: 1m
    sticky: true
  - {host: old.test, redirect: "https://new.test/shop"}
`
const PROCFILE = 'web: node server.js\n# more\r\nworker: node worker.js\nrelease: npm run migrate\n'

it('a damaged file is taken or refused with places, and never anything else', { timeout: 120_000 }, () => {
  expect(problemsOf(APP, PROCFILE)).toStrictEqual([])
  const pick = random(20260101)
  let refused = 0
  const strange: string[] = []
  for (let round = 0; round < 10_000; round++) {
    // Anything but ManifestInvalid is thrown on, and fails the test.
    const lines = problemsOf(mutate(APP, pick), mutate(PROCFILE, pick))
    if (lines.length > 0) refused += 1
    strange.push(...lines.filter((line) => !/^(app\.yaml|Procfile):\d+:\d+ ./.test(line)))
  }
  expect(strange).toStrictEqual([])
  expect(refused).toBeGreaterThan(5000)
})
