/** What opens a repository, made ready: keys are looked at, tokens of a GitHub App are fetched. */
import { statSync } from 'node:fs'
import { projectOf } from '../config/project.ts'
import { githubApiOf } from '../config/sources.ts'
import { type GithubApps, NoToken, type Wish } from '../credentials/githubApp.ts'
import { keyProblem } from '../credentials/keyFile.ts'
import type { GithubApp } from '../domain.ts'
import type { Remote } from './address.ts'
import { unreachable } from './gitError.ts'
import { unwritable } from './ssh.ts'

export class Access {
  readonly #apps: GithubApps

  constructor(apps: GithubApps) {
    this.#apps = apps
  }

  /** The same, ready to be asked. Throws SourceUnreachable (retry: what is wrong is put right outside of platform.yaml). */
  async open(remote: Remote): Promise<Remote> {
    if (remote.ssh) requireKey(remote, remote.ssh)
    if (!remote.githubApp) return remote
    const wish = wishFor(remote, remote.githubApp)
    if (wish === null) throw unreachable(remote, 'a GitHub App needs an address with an owner and a repository.')
    try {
      return { ...remote, credentials: { username: 'x-access-token', password: await this.#apps.token(wish) } }
    } catch (thrown) {
      throw thrown instanceof NoToken ? unreachable(remote, thrown.message, thrown.cause) : thrown
    }
  }

  /** It was refused: a token that was taken back is not shown again. */
  refused(remote: Remote): void {
    const wish = remote.githubApp ? wishFor(remote, remote.githubApp) : null
    if (wish !== null) this.#apps.forget(wish)
  }
}

/** Null: the address names no repository of an owner. */
function wishFor({ url }: Remote, app: GithubApp): Wish | null {
  const api = app.api ?? githubApiOf(url)
  try {
    return { app, api, ...projectOf(url, 'github', api), may: 'read' }
  } catch {
    return null
  }
}

function requireKey(remote: Remote, { key, knownHosts }: NonNullable<Remote['ssh']>): void {
  for (const path of [key, knownHosts]) {
    const why = path === undefined ? null : unwritable(path)
    if (why !== null) throw unreachable(remote, `${path} cannot be given to ssh: ${why}.`)
  }
  const problem = keyProblem(key)
  if (problem !== null) throw unreachable(remote, problem)
  if (knownHosts !== undefined && !statSync(knownHosts, { throwIfNoEntry: false })?.isFile()) {
    throw unreachable(remote, `the known_hosts ${knownHosts} is not there. Without a known host key nothing is sent.`)
  }
}
