/** What opens a repository, made ready: keys are looked at, tokens of a GitHub App are fetched. */
import { statSync } from 'node:fs'
import type { Remote } from './address.ts'
import { unreachable } from './gitError.ts'
import type { GithubApps } from './githubApp.ts'
import { keyProblem } from './keyFile.ts'
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
    const password = await this.#apps.token(remote, remote.githubApp)
    return { ...remote, credentials: { username: 'x-access-token', password } }
  }

  /** It was refused: a token that was taken back is not shown again. */
  refused(remote: Remote): void {
    if (remote.githubApp) this.#apps.forget(remote, remote.githubApp)
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
