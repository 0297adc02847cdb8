/** GitHub's API asked with tokens of an App: one fake makes them, the other takes nothing else. */
import { writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { createForge } from '../../src/forge/forge.ts'
import { type FakeForge, startForge } from '../support/forges/index.ts'
import { startFakeGithub } from '../support/githubApps.ts'
import { COMMIT, refuses, status } from './fixture.ts'

/** A repository at a forge that takes nothing but tokens of its App. */
async function hosted() {
  const apps = await startFakeGithub(Date.now)
  onTestFinished(() => apps.close())
  apps.installed.set('acme/hello', 77)
  apps.granted = { metadata: 'read', statuses: 'write' }
  const folder = await mkdtemp(join(tmpdir(), 'trimtab-app-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  const key = join(folder, 'app.pem')
  writeFileSync(key, apps.privateKey, { mode: 0o600 })

  const fake = await startForge('github')
  onTestFinished(() => fake.close())
  fake.state.token = 'none yet'
  fake.state.addCommit(COMMIT)
  fake.intercept((request, response) => {
    const url = (request.url ?? '').replace('/api/v3', '')
    if (!url.startsWith('/app/') && !url.endsWith('/installation')) return false
    const asked = { method: request.method, url, headers: request.headers }
    const { status, body } = apps.answer(asked, JSON.stringify(fake.requests.at(-1)?.body))
    fake.state.token = [...apps.tokens.keys()].at(-1) ?? 'none yet'
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
    return true
  })
  const { kind, api } = fake.spec
  return { apps, key, fake, forge: createForge({ kind, api, githubApp: { id: apps.clientId, key } }, fake.repo) }
}

const asked = ({ requests }: FakeForge) => requests.map(({ method, url }) => `${method} ${url.replace('/api/v3', '')}`)

test('a token is made once, with all that the App was granted', async () => {
  const { forge, fake, apps } = await hosted()
  await forge.setStatus(status)
  await forge.setStatus({ ...status, state: 'success' })
  expect(fake.state.statuses.map(({ state }) => state)).toEqual(['pending', 'success'])
  expect(asked(fake)).toEqual([
    'GET /repos/acme/hello/installation',
    'POST /app/installations/77/access_tokens',
    `POST /repos/acme/hello/statuses/${COMMIT}`,
    `POST /repos/acme/hello/statuses/${COMMIT}`,
  ])
  expect([...apps.tokens.values()]).toMatchObject([{ repository: 'acme/hello', permissions: { statuses: 'write' } }])
})

test('one that was taken back is replaced; one that is not enough is told, and not shown', async () => {
  const { forge, fake, apps } = await hosted()
  await forge.setStatus(status)
  fake.state.token = 'another'
  await forge.setStatus({ ...status, state: 'failure' })
  expect(apps.tokens.size).toBe(2)
  expect(fake.state.statuses.at(-1)?.state).toBe('failure')

  fake.state.access = 'read'
  const error = await refuses(forge.setStatus(status), 'ForgeRefused', 'HTTP 403', '"Commit statuses: write"')
  for (const token of apps.tokens.keys()) expect(error.message).not.toContain(token)
})

test('no token: refused for good, or to be tried again', async () => {
  const { forge, fake, apps, key } = await hosted()
  apps.suspended = true
  await refuses(forge.setStatus(status), 'ForgeRefused', 'could not be asked to', 'HTTP 403', 'suspended')
  apps.suspended = false
  apps.installed.clear()
  await refuses(forge.setStatus(status), 'ForgeRefused', 'acme/hello', 'HTTP 404', 'Install the App')
  apps.installed.set('acme/hello', 77)
  fake.intercept((_, response) => {
    response.writeHead(502).end()
    return true
  })
  await refuses(forge.setStatus(status), 'SourceUnreachable', 'HTTP 502')
  writeFileSync(key, 'no key')
  await refuses(forge.setStatus(status), 'SourceUnreachable', 'is no private key of a GitHub App')
  expect(fake.state.statuses).toEqual([])
})
