import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, expect, test, vi } from 'vitest'
import { buildEnvironment } from '../../src/build/environment.ts'
import { imageOf, pack, world } from './world.ts'

afterEach(() => vi.unstubAllEnvs())

test('neither detect, compile nor release sees the platform’s environment', async () => {
  vi.stubEnv('PLATFORM_TOKEN', 'top-secret-value')
  vi.stubEnv('npm_config__auth', 'another-secret-value')
  const { build, plan, log } = await world()
  const dump = (name: string) => `env > "$1/${name}.env"`
  const one = await plan(
    pack(dump('compile'), { detect: `${dump('detect')}; echo Own`, release: `${dump('release')}; echo '{}'` }),
    { settings: { env: { FROM_APP: 'build-env-value' } } },
  )
  const image = imageOf(await build(one))
  for (const name of ['detect', 'compile', 'release']) {
    const seen = await readFile(join(image.ref, `${name}.env`), 'utf8')
    const names = seen
      .split('\n')
      .filter((line) => /^\w+=/.test(line))
      .map((line) => line.replace(/=.*/, ''))
      .sort()
    // What bash itself adds is named, so that anything new is noticed.
    const own = ['BASH_FUNC', 'OLDPWD', 'PWD', 'SHLVL', '_']
    const allowed = [
      'HOME',
      'LANG',
      'PATH',
      'SOURCE_DATE_EPOCH',
      'STACK',
      'TMPDIR',
      'TRIMTAB_BUILD',
      'CURL_CA_BUNDLE',
      'GIT_SSL_CAINFO',
      'NODE_EXTRA_CA_CERTS',
      'CARGO_HTTP_CAINFO',
      'BUILDPACK_LOG_FILE',
      'SOURCE_VERSION',
    ]
    const more = ['PIP_CERT', 'REQUESTS_CA_BUNDLE', 'SSL_CERT_FILE', 'npm_config_cafile', ...own]
    expect([...allowed, ...more]).toEqual(expect.arrayContaining(names))
    expect(seen).not.toMatch(/secret-value|build-env-value/)
  }
  expect(await log(one)).not.toContain('secret-value')
})

test('the operator’s build env and CA bundle are given; what a build stands on cannot be replaced', () => {
  const builds = {
    concurrency: 1,
    timeoutMs: 1,
    ca: '/ca.pem',
    env: { HTTPS_PROXY: 'http://p', HOME: '/root', PIP_CERT: '/own.pem' },
  }
  const env = buildEnvironment(builds, { home: '/h', tmp: '/t', cookie: 'c' }, '/usr/bin')
  expect(env).toMatchObject({
    HTTPS_PROXY: 'http://p',
    HOME: '/h',
    TMPDIR: '/t',
    PIP_CERT: '/own.pem',
    NODE_EXTRA_CA_CERTS: '/ca.pem',
  })
})

test('what npm adds to PATH for the platform is not on the build’s', () => {
  const builds = { concurrency: 1, timeoutMs: 1, env: {} }
  const path = '/srv/trimtab/node_modules/.bin:/usr/lib/npm/node-gyp-bin:relative::/usr/bin'
  const { PATH } = buildEnvironment(builds, { home: '/h', tmp: '/t', cookie: 'c' }, path)
  expect(PATH?.split(':').slice(0, -1)).toEqual(['/usr/bin'])
})
