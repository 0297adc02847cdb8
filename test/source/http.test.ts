import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { describe, expect } from 'vitest'
import { type GitHttp, type GitHttpOptions, startGitHttp } from '../support/githttp.ts'
import { makeRepo, type Repo } from '../support/repo.ts'
import { app, test as base, contentsOf, failure, spyOnGit, until } from './fixture.ts'

const test = base.extend<{ repo: Repo; serve(options?: GitHttpOptions): Promise<GitHttp> }>({
  repo: async ({ tmp }, use) => use(makeRepo(join(tmp, 'www/hello.git'))),
  serve: async ({ tmp }, use) => {
    const started: GitHttp[] = []
    await use(async (options) => {
      mkdirSync(join(tmp, 'www'), { recursive: true })
      const server = await startGitHttp(join(tmp, 'www'), options)
      started.push(server)
      return server
    })
    for (const server of started) await server.close()
  },
})

/** A server that is no git server. */
async function serveAnything(answer: Parameters<typeof createServer>[1]) {
  const server = createServer(answer)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

describe('a poll', () => {
  test('of what did not move is one request on one connection, and no process', async ({ tmp, open, repo, serve }) => {
    const commit = repo.commit()
    const server = await serve()
    const git = spyOnGit(tmp)
    const source = open({ env: git.env })
    const hello = app(`${server.url}/hello.git/.git`)
    expect(await source.look(hello)).toMatchObject({ ref: 'main', commit })
    const calls = git.calls().length
    const connections = server.connections()
    server.requests.length = 0
    for (let i = 0; i < 5; i++) expect(await source.look(hello)).toMatchObject({ commit })
    expect(server.requests.map(({ method, url }) => `${method} ${url}`)).toEqual(
      Array(5).fill('POST /hello.git/.git/git-upload-pack'),
    )
    expect(server.connections()).toBe(connections)
    expect(git.calls()).toHaveLength(calls)
  })

  test('sees branches move, go and come', async ({ source, repo, serve }) => {
    const first = repo.commit()
    const server = await serve()
    const hello = app(`${server.url}/hello.git/.git/`, { branch: 'next' })
    const missing = failure('BranchMissing', 'no branch next', 'There is: main')
    await expect(source.look(hello)).rejects.toEqual(missing)
    repo.git('checkout', '--quiet', '-b', 'next')
    repo.git('branch', 'next2')
    expect(await source.look(hello)).toMatchObject({ ref: 'next', commit: first })
    const second = repo.commit()
    expect(await source.look(hello)).toMatchObject({ commit: second, since: { commit: first, how: 'forward' } })
    repo.git('checkout', '--quiet', 'main')
    repo.git('branch', '-D', 'next')
    await expect(source.look(hello)).rejects.toEqual(failure('BranchMissing', 'Did you mean next2?'))
  })

  test('survives a restart of the server', async ({ source, repo, serve }) => {
    const commit = repo.commit()
    const before = await serve()
    const hello = app(`${before.url}/hello.git/.git`)
    await source.look(hello)
    const port = Number(new URL(before.url).port)
    await before.close()
    await expect(source.look(hello)).rejects.toEqual(failure('SourceUnreachable', 'refused'))
    await serve({ port })
    expect(await source.look(hello)).toMatchObject({ commit })
  })
})

describe('a server', () => {
  test('that speaks only the old protocol', async ({ source, repo, serve }) => {
    const server = await serve({ old: true })
    const hello = app(`${server.url}/hello.git/.git`)
    await expect(source.look(hello)).rejects.toEqual(failure('RepositoryEmpty', 'no commit yet'))
    const commit = repo.commit()
    expect(await source.look(hello)).toMatchObject({ ref: 'main', commit })
    repo.git('checkout', '--quiet', '--detach')
    const next = repo.commit()
    expect(await source.look(hello)).toMatchObject({ ref: 'HEAD', commit: next })
    await expect(source.look({ ...hello, branch: 'x' })).rejects.toEqual(failure('BranchMissing', 'There is: main'))
  })

  test('that has files only', async ({ tmp, source, repo }) => {
    const commit = repo.commit()
    repo.git('tag', '-a', '-m', 'One', 'v1.0.0')
    repo.git('update-server-info')
    await using server = await serveAnything((request, response) => {
      const file = join(tmp, 'www', new URL(request.url ?? '/', 'http://x').pathname)
      if (existsSync(file)) response.end(readFileSync(file))
      else response.writeHead(404).end()
    })
    const hello = app(`${server.url}/hello.git/.git`)
    expect(await source.look(hello)).toMatchObject({ commit })
    expect(await source.look({ ...hello, tag: 'v*' })).toMatchObject({ ref: 'v1.0.0', commit })
  })

  test('that has no such repository', async ({ source, serve }) => {
    const server = await serve()
    await expect(source.look(app(`${server.url}/none.git`))).rejects.toEqual(
      failure('RepositoryGone', 'HTTP 404', 'Check `repo`'),
    )
  })

  test('whose repository is empty', async ({ source, repo, serve }) => {
    const server = await serve()
    await expect(source.look(app(`${server.url}/hello.git/.git`))).rejects.toEqual(failure('RepositoryEmpty', 'no commit yet'))
    expect(repo.commit()).toBe((await source.look(app(`${server.url}/hello.git/.git`))).commit)
  })

  test('that is busy, broken, or something else', async ({ source }) => {
    let status = 503
    await using server = await serveAnything((_request, response) =>
      response.writeHead(status, { 'content-type': 'text/html' }).end('<html>'),
    )
    const look = () => source.look(app(`${server.url}/x.git`))
    await expect(look()).rejects.toEqual(failure('SourceUnreachable', 'HTTP 503'))
    await expect(look()).rejects.toMatchObject({ retry: true })
    status = 200
    await expect(look()).rejects.toEqual(failure('SourceUnreachable', 'no git server', 'text/html'))
  })

  test('whose answer is cut off: that is no empty repository', async ({ source, repo, serve }) => {
    repo.commit()
    let cut = false
    const server = await serve({
      intercept: (request, response) => {
        if (cut && request.method === 'POST')
          response.writeHead(200, { 'content-type': 'application/x-git-upload-pack-result' }).end()
        return cut && request.method === 'POST'
      },
    })
    await source.look(app(`${server.url}/hello.git/.git`))
    cut = true
    await expect(source.look(app(`${server.url}/hello.git/.git`))).rejects.toEqual(failure('SourceUnreachable', 'cut off'))
  })

  test('that is not there, or never answers', async ({ open }) => {
    const source = open({ timeouts: { askMs: 200 } })
    await expect(source.look(app('http://127.0.0.1:1/x.git'))).rejects.toEqual(failure('SourceUnreachable', 'refused'))
    await expect(source.look(app('http://nowhere.invalid/x.git'))).rejects.toEqual(failure('SourceUnreachable', 'host name'))
    await using server = await serveAnything(() => {})
    await expect(source.look(app(`${server.url}/x.git`))).rejects.toEqual(failure('SourceUnreachable', 'no answer within 0.2 s'))
  })

  test('that hangs in the middle of a fetch: nothing is left running', async ({ tmp, open, repo, serve }) => {
    repo.commit()
    let posts = 0
    // The first POST asks for refs; git itself asks again, and then for objects.
    const server = await serve({ intercept: (request) => request.method === 'POST' && ++posts > 2 })
    const git = spyOnGit(tmp)
    const source = open({ env: git.env, timeouts: { fetchMs: 500 } })
    await expect(source.look(app(`${server.url}/hello.git/.git`))).rejects.toEqual(
      failure('SourceUnreachable', 'did not finish within'),
    )
    const [fetch] = git.calls('fetch')
    expect(fetch).toBeDefined()
    await until(() => !isGroupAlive(fetch?.pid ?? 0))
  })
})

describe('https', () => {
  test('with the certificate authority that the environment names, for Node and for git', async ({
    tmp,
    open,
    repo,
    serve,
    skip,
  }) => {
    const commit = repo.commit()
    const files = ['-keyout', join(tmp, 'key'), '-out', join(tmp, 'cert')]
    const args = [
      'req',
      '-x509',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-days',
      '1',
      '-subj',
      '/CN=test',
      '-addext',
      'subjectAltName=IP:127.0.0.1',
      ...files,
    ]
    if (spawnSync('openssl', args).error) skip('no openssl on this machine')
    const server = await serve({
      tls: { key: readFileSync(join(tmp, 'key'), 'utf8'), cert: readFileSync(join(tmp, 'cert'), 'utf8') },
    })
    const hello = app(`${server.url}/hello.git/.git`)
    const { PATH } = process.env
    for (const name of ['GIT_SSL_CAINFO', 'SSL_CERT_FILE']) {
      const source = open({ state: join(tmp, name), env: { PATH, HOME: tmp, [name]: join(tmp, 'cert') } })
      expect(await source.look(hello)).toMatchObject({ commit })
    }
    writeFileSync(join(tmp, '.gitconfig'), `[http]\n\tsslCAInfo = ${join(tmp, 'cert')}\n`)
    expect(await open({ state: join(tmp, 'configured'), env: { PATH, HOME: tmp } }).look(hello)).toMatchObject({ commit })
    const stranger = open({ state: join(tmp, 'stranger'), env: { PATH, HOME: '/nonexistent' } })
    await expect(stranger.look(hello)).rejects.toEqual(failure('SourceUnreachable', 'certificate'))
  })
})

describe('credentials', () => {
  const auth = { username: 'ada', password: 'correct horse' }

  test('are needed, are wrong, are right', async ({ source, repo, serve }) => {
    const commit = repo.commit()
    const server = await serve({ auth })
    const hello = app(`${server.url}/hello.git/.git`)
    await expect(source.look(hello)).rejects.toEqual(failure('SourceUnreachable', 'HTTP 401', 'Give the app an `auth`'))
    const wrong = source.look({ ...hello, auth: { ...auth, password: 'wrong' } })
    await expect(wrong).rejects.toEqual(failure('SourceUnreachable', 'HTTP 401'))
    expect(await source.look({ ...hello, auth })).toMatchObject({ commit })
    // Another app without them still may not.
    await expect(source.look(hello)).rejects.toMatchObject({ code: 'SourceUnreachable' })
  })

  test('a token is the password', async ({ source, repo, serve }) => {
    const commit = repo.commit()
    const server = await serve({ auth: { username: 'x-access-token', password: 'tok' } })
    expect(await source.look(app(`${server.url}/hello.git/.git`, { auth: { token: 'tok' } }))).toMatchObject({ commit })
  })

  test('are nowhere to be seen', async ({ tmp, open, repo, serve }) => {
    repo.commit()
    const server = await serve({ auth })
    const git = spyOnGit(tmp)
    const source = open({ env: git.env })
    const inUrl = `${server.url.replace('//', `//ada:${encodeURIComponent(auth.password)}@`)}/hello.git/.git`
    await source.look(app(inUrl))
    const encoded = Buffer.from(`ada:${auth.password}`).toString('base64')
    const error = await source.look(app(`${inUrl}x`)).catch((thrown: Error) => thrown)
    const seen = [
      contentsOf(join(tmp, 'state')),
      ...git.calls().map(({ args }) => args),
      JSON.stringify(error),
      String(error),
    ].join('\n')
    for (const secret of [auth.password, encodeURIComponent(auth.password), encoded]) expect(seen).not.toContain(secret)
    expect(git.calls('fetch')).toHaveLength(1)
  })

  test('do not follow a redirect to another host', async ({ source, repo, serve }) => {
    const commit = repo.commit()
    const target = await serve({ auth })
    let to = ''
    await using front = await serveAnything((request, response) => {
      response.writeHead(301, { location: to + (request.url ?? '').replace('/old', '/hello.git/.git') }).end()
    })
    const hello = app(`${front.url}/old`, { auth })
    to = target.url.replace('127.0.0.1', 'localhost')
    await expect(source.look(hello)).rejects.toEqual(
      failure('SourceUnreachable', `redirects to ${to}/hello.git/.git`, 'set `repo`'),
    )
    expect(target.requests).toEqual([])
    to = target.url // another port of the same host
    expect(await source.look(hello)).toMatchObject({ commit })
    to = front.url
    await expect(source.look(app(`${front.url}/circle`))).rejects.toEqual(failure('SourceUnreachable', 'circle'))
  })
})

function isGroupAlive(pid: number): boolean {
  try {
    process.kill(-pid, 0)
    return true
  } catch {
    return false
  }
}
