import { describe, expect } from 'vitest'
import { COMMIT, OTHER, refuses, status, test } from './fixture.ts'

describe('deployments', () => {
  const deployment = { commit: COMMIT, environment: 'hello', description: 'it is live' } as const

  test('one for a commit and an environment, with a status for each change', async ({ start }) => {
    const { fake, forge } = await start('github')
    fake.state.addCommit(COMMIT)
    await forge.deployment?.({ ...deployment, state: 'pending', description: 'building' })
    await forge.deployment?.({ ...deployment, state: 'success', url: 'https://hello.example.com/' })
    expect(fake.state.deployments).toMatchObject([
      {
        commit: COMMIT,
        environment: 'hello',
        statuses: [
          { state: 'in_progress', url: '', description: 'building' },
          { state: 'success', url: 'https://hello.example.com/', description: 'it is live' },
        ],
      },
    ])
  })

  test('a failed check of the commit does not keep it from being told of', async ({ start }) => {
    const { fake, forge } = await start('github')
    fake.state.addCommit(COMMIT)
    await forge.setStatus({ ...status, state: 'failure' })
    await forge.deployment?.({ ...deployment, state: 'failure' })
    expect(fake.state.deployments[0]?.statuses).toMatchObject([{ state: 'failure' }])
  })

  test('the next one makes the former inactive', async ({ start }) => {
    const { fake, forge } = await start('github')
    for (const commit of [COMMIT, OTHER]) {
      fake.state.addCommit(commit)
      await forge.deployment?.({ ...deployment, commit, state: 'success' })
    }
    expect(fake.state.deployments.map((one) => one.statuses.at(-1)?.state)).toEqual(['inactive', 'success'])
  })

  test('what was never told of does not become inactive', async ({ start }) => {
    const { fake, forge } = await start('github')
    await forge.deployment?.({ ...deployment, state: 'inactive' })
    expect(fake.state.deployments).toEqual([])
  })

  test('of a commit that is not there', async ({ start }) => {
    const { forge } = await start('github')
    await refuses(Promise.resolve(forge.deployment?.({ ...deployment, state: 'success' })), 'ForgeRefused', 'No ref found')
  })
})

test('a webhook sends JSON, signed, of pushes and pull requests', async ({ start }) => {
  const { fake, forge } = await start('github')
  await forge.installWebhook({ url: 'https://ops.example.com/hooks/hello', secret: 'shh' })
  expect(fake.requests.at(-1)).toMatchObject({
    method: 'POST',
    body: {
      name: 'web',
      active: true,
      events: ['push', 'pull_request'],
      config: { url: 'https://ops.example.com/hooks/hello', content_type: 'json', secret: 'shh', insecure_ssl: '0' },
    },
  })
})

test('a fork that was deleted is a fork', async ({ start }) => {
  const { fake, forge } = await start('github')
  fake.state.openPull({ commit: COMMIT, isFork: true, isGone: true })
  expect(await forge.pullRequests()).toMatchObject([{ isFork: true, ref: 'refs/pull/1/head' }])
})

test('a limit without a time to wait for is waited out for a minute', async ({ start }) => {
  const { fake, forge } = await start('github')
  fake.intercept((_, response) => {
    response.writeHead(403, { 'content-type': 'application/json' })
    response.end('{"message":"You have exceeded a secondary rate limit. Please wait a few minutes."}')
    return true
  })
  expect(await refuses(forge.setStatus(status), 'SourceUnreachable', 'secondary rate limit')).toMatchObject({
    retryAfterMs: 60_000,
  })
})
