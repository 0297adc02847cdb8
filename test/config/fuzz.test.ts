import { expect, it } from 'vitest'
import { mutate, random } from '../manifest/mutate.ts'
import { problemsOf } from './problems.ts'

const PLATFORM = `domain: apps.localhost
poll: "*/5 * * * *"
http: {listen: "127.0.0.1:8700"}
runtime: {kind: process, ports: 20000-29999}
builds: {concurrency: 2, timeout: 15m, env: {A: "\${A}"}}
apps:
  - {name: hello, repo: ./hello.git, branch: main}
  - name: shop
    repo: https://git.example.com/acme/shop.git
    path: services/shop
    auth: {token: "\${A}"}
`

it('a damaged file is taken or refused with places, and never anything else', () => {
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
