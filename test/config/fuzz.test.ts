import { expect, it } from 'vitest'
import { mutate, random } from '../manifest/mutate.ts'
import { problemsOf } from './problems.ts'

const PLATFORM = `domain: apps.localhost
poll: "*/5 * * * *"
http: {listen: "127.0.0.1:8700"}
runtime: {kind: auto, ports: 20000-29999, name: blue, subnet: 10.86.0.0/16}
router: {kind: traefik, https: {listen: ":443", acme: {email: a@b}, files: [{certificate: a, key: b}], hsts: {maxAge: 1h}}}
builds: {concurrency: 2, timeout: 15m, memory: 1.5G, cpus: 0.5, env: {A: "\${A}"}}
stack: {image: "h:5000/a/b:c"}
registries: {h.example.com:5000: {username: u, password: "\${A}"}}
secrets: {users: "\${A}"}
apps:
  - {name: hello, repo: ./hello.git, branch: main}
  - name: shop
    repo: https://git.example.com/acme/shop.git
    path: services/shop
    auth: {token: "\${A}"}
`

it('a damaged file is taken or refused with places, and never anything else', { timeout: 120_000 }, () => {
  expect(problemsOf(PLATFORM, { A: 'b' })).toStrictEqual([])
  const pick = random(20260102)
  let refused = 0
  const strange: string[] = []
  for (let round = 0; round < 10_000; round++) {
    // Anything but ConfigInvalid is thrown on, and fails the test.
    const lines = problemsOf(mutate(PLATFORM, pick), { A: 'b' })
    if (lines.length > 0) refused += 1
    strange.push(...lines.filter((line) => !/^platform\.yaml:\d+:\d+ ./.test(line)))
  }
  expect(strange).toStrictEqual([])
  expect(refused).toBeGreaterThan(5000)
})
