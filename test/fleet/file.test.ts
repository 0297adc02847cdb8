import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { FleetSpec, GitSpec } from '../../src/domain.ts'
import { TrimtabError } from '../../src/errors.ts'
import { parseFleet } from '../../src/fleet/file.ts'

const FLEET: FleetSpec = { repo: 'https://git.example.com/acme/fleet.git', branch: 'prod', path: 'apps.yaml' }
const forge = { kind: 'gitea' as const, api: 'https://git.example.com/api/v1', token: 't' }
const GIT: GitSpec = { allow: ['https', 'ssh'], credentials: {}, forges: { 'git.example.com': forge } }

const parse = (text: string, git: Partial<GitSpec> = {}) => parseFleet(text, { fleet: FLEET, git: { ...GIT, ...git } })

function problemsOf(text: string, git: Partial<GitSpec> = {}): string[] {
  try {
    parse(text, git)
  } catch (thrown) {
    if (thrown instanceof TrimtabError && thrown.code === 'FleetInvalid' && !thrown.retry) return thrown.message.split('\n')
    throw thrown
  }
  return []
}

it('lists apps, as platform.yaml does', () => {
  const text = `
x-defaults: &defaults {branch: main, poll: 5m}
apps:
  - {name: shop, repo: "https://git.example.com/acme/shop.git", path: services/shop, previews: {limit: 2}}
  - {<<: *defaults, name: blog, repo: "git@git.example.com:acme/blog.git"}
`
  // A merge key is not of YAML 1.2's core schema, so it is a key like any other, and told.
  expect(problemsOf(text)).toHaveLength(1)
  expect(parse(text.replace('<<: *defaults', 'poll: 5m, tag: "v*"'))).toEqual([
    {
      name: 'shop',
      repo: 'https://git.example.com/acme/shop.git',
      path: 'services/shop',
      previews: { label: 'preview', limit: 2, ttlMs: 72 * 3_600_000 },
    },
    { name: 'blog', repo: 'git@git.example.com:acme/blog.git', path: '', poll: { everyMs: 300_000 }, tag: 'v*' },
  ])
})

it('takes . for its own repository, at the branch of the list', () => {
  const own = FLEET.repo
  expect(parse('apps: [{name: a, repo: ., path: a}, {name: b, repo: ., branch: next}, {name: c, repo: ., tag: "v*"}]')).toEqual([
    { name: 'a', repo: own, path: 'a', branch: 'prod' },
    { name: 'b', repo: own, path: '', branch: 'next' },
    { name: 'c', repo: own, path: '', tag: 'v*' },
  ])
})

it('may be empty, if it says so', () => {
  expect(parse('apps: []')).toEqual([])
  expect(problemsOf('')).toEqual(['apps.yaml:1:1 apps: expected a list of apps (write [] for none), but it is missing'])
})

it('sends what is the operator’s to say to platform.yaml, and never shows it', () => {
  const text = `apps:
  - name: shop
    repo: https://git.example.com/acme/shop.git
    auth: {token: s3cret}
    webhook: {secret: s3cret}
    verify: {signers: ./signers}
    forge: {token: s3cret}
`
  expect(problemsOf(text)).toStrictEqual([
    'apps.yaml:4:5 apps[0].auth: belongs in platform.yaml: git.credentials, by host',
    'apps.yaml:5:5 apps[0].webhook: belongs in platform.yaml: hooks.secret',
    'apps.yaml:6:5 apps[0].verify: belongs in platform.yaml: verify of the fleet, or of an app that platform.yaml itself lists',
    'apps.yaml:7:5 apps[0].forge: belongs in platform.yaml: git.forges, by host',
  ])
})

describe('refuses, all at once and at its place,', () => {
  it.each([
    ['domain: x\napps: []', ['1:1 domain: unknown key (there are apps)']],
    [
      'apps: [{name: a, repo: ./a}]',
      ['1:18 apps[0].repo: a relative path has no meaning here; write the whole address, or . for this repository'],
    ],
    [
      'apps: [{name: a, repo: ../../etc}]',
      ['1:18 apps[0].repo: a relative path has no meaning here; write the whole address, or . for this repository'],
    ],
    ['apps: [{name: a, repo: /srv/a.git}]', ['1:18 apps[0].repo: git.allow of platform.yaml does not name file']],
    ['apps: [{name: a, repo: "file:///srv/a.git"}]', ['1:18 apps[0].repo: git.allow of platform.yaml does not name file']],
    [
      'apps: [{name: a, repo: "http://git.example.com/a.git"}]',
      ['1:18 apps[0].repo: git.allow of platform.yaml does not name http'],
    ],
    ['apps: [{name: a, repo: "https://u:s3cret@git.example.com/a.git"}]', [expect.stringContaining('holds a password or token')]],
    ['apps: [{name: a, repo: "ext::sh -c x"}]', [expect.stringContaining('apps[0].repo: expected a path')]],
    [
      `apps: [{name: a, repo: "https://\${HOST}/a.git"}]`,
      [`1:18 apps[0].repo: holds \${…}, which is for platform.yaml: a file in git is given nothing of the environment`],
    ],
    [
      'apps: [{name: a, repo: ., previews: {}}, {name: b, repo: "https://elsewhere.example.com/b", previews: {}}]',
      ['1:93 apps[1].previews: needs a forge to ask for pull requests: git.forges of platform.yaml, by host'],
    ],
    [
      'apps: [{name: a, repo: .}, {name: a, repo: ., path: ../b}]',
      [
        '1:28 apps[1]: has the same name as apps[0]',
        '1:47 apps[1].path: expected a folder inside the repository, such as services/shop, got "../b"',
      ],
    ],
    ['apps: [{name: a, repo: ., branch: x, tag: "v*"}]', ['1:8 apps[0]: takes a branch or a tag, not both']],
    ['apps: {a: {}}', ['1:1 apps: expected a list of apps (write [] for none), got a mapping']],
    ['apps: [', [expect.stringContaining('is not valid YAML')]],
  ])('%s', (text, problems) => {
    const found = problemsOf(text)
    expect(found.map((line) => line.replace(/^apps\.yaml:/, ''))).toEqual(problems)
    expect(found.join()).not.toContain('s3cret')
  })
})

it('may name paths and http where git.allow does', () => {
  const text = 'apps: [{name: a, repo: /srv/a.git}, {name: b, repo: "http://git.example.com/b.git"}]'
  expect(parse(text, { allow: ['file', 'http'] }).map(({ repo }) => repo)).toEqual(['/srv/a.git', 'http://git.example.com/b.git'])
})

it('the examples of the documentation are valid', () => {
  const page = readFileSync(join(import.meta.dirname, '../../docs/fleet.md'), 'utf8')
  const examples = [...page.matchAll(/^```yaml apps\.yaml\n([\s\S]*?)^```$/gm)].map(([, body = '']) => body)
  expect(examples.map((body) => parse(body).map(({ name }) => name))).toEqual([['shop', 'docs', 'tools']])
})
