/** The port `Forge`: the API of the host that a repository is on. A file for each of them, which says what it asks and where that is described. */
import { projectOf } from '../config/project.ts'
import type { ForgeSpec } from '../domain.ts'
import { TrimtabError } from '../errors.ts'
import type { Forge } from '../ports.ts'
import { certificates } from '../web/certificates.ts'
import { HttpClient } from '../web/httpClient.ts'
import { Api } from './api.ts'
import { bitbucket, bitbucketHeaders } from './bitbucket.ts'
import { gitea, giteaHeaders } from './gitea.ts'
import { github, githubHeaders } from './github.ts'
import { gitlab, gitlabHeaders } from './gitlab.ts'
import { isTooLarge } from './pages.ts'

export interface ForgeOptions {
  /** Default: one for all forges of this process, which trusts whom the environment says. */
  http?: HttpClient
  /** Milliseconds since the epoch. */
  now?: () => number
}

/**
 * The forge, for the project that `repo` (an app's address) names. Asks nothing yet, and may be made anew for every question.
 * Throws ConfigInvalid where no project can be told from the address.
 */
export function createForge(spec: ForgeSpec, repo: string, { http = shared(), now = Date.now }: ForgeOptions = {}): Forge {
  const project = projectOf(repo, spec.kind, spec.api)
  const { kind, api: base, token, username } = spec
  const apiWith = (headers: Record<string, string>) => {
    // What stands in a header may come back in an answer, in either form.
    const sent = (headers.authorization ?? '').replace(/^\w+ /, '')
    const secrets = [token, sent]
    return new Api({ base, headers, secrets, http, now })
  }
  const forge = () => {
    switch (kind) {
      case 'github':
        return github(apiWith(githubHeaders(token)), project)
      case 'gitea':
      case 'forgejo':
        return gitea(apiWith(giteaHeaders(token)), project)
      case 'gitlab':
        return gitlab(apiWith(gitlabHeaders(token)), project)
      case 'bitbucket':
        return bitbucket(apiWith(bitbucketHeaders(token, username)), project)
    }
  }
  return failingClosed(forge())
}

/** A label nobody can be found out for is not trusted, and keeps nobody from asking about the next one. */
function failingClosed(forge: Forge): Forge {
  const { isLabelTrusted } = forge
  return {
    ...forge,
    async isLabelTrusted(number, label) {
      try {
        return await isLabelTrusted(number, label)
      } catch (error) {
        if (isTooLarge(error) || (error instanceof TrimtabError && error.code === 'ForgeRefused')) return false
        throw error
      }
    },
  }
}

let client: HttpClient | undefined

function shared(): HttpClient {
  client ??= new HttpClient(() => certificates(process.env))
  return client
}
