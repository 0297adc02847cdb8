/** The port `Forge`: the API of the host that a repository is on. A file for each of them, which says what it asks and where that is described. */
import { projectOf } from '../config/project.ts'
import { GithubApps, githubHeaders } from '../credentials/githubApp.ts'
import type { ForgeSpec } from '../domain.ts'
import { TrimtabError } from '../errors.ts'
import type { Forge } from '../ports.ts'
import { certificates } from '../web/certificates.ts'
import { HttpClient } from '../web/httpClient.ts'
import { Api, type ApiOptions } from './api.ts'
import { bitbucket, bitbucketHeaders } from './bitbucket.ts'
import { gitea, giteaHeaders } from './gitea.ts'
import { github } from './github.ts'
import { gitlab, gitlabHeaders } from './gitlab.ts'
import { isTooLarge } from './pages.ts'
import { tokenOf } from './token.ts'

/**
 * The forge, for the project that `repo` (an app's address) names. Asks nothing yet, and may be made anew for every question.
 * Throws ConfigInvalid where no project can be told from the address.
 */
export function createForge(spec: ForgeSpec, repo: string): Forge {
  const { http, apps } = shared()
  const project = projectOf(repo, spec.kind, spec.api)
  const { kind, api: base } = spec
  const token = tokenOf(spec, project, apps)
  const apiWith = (headers: ApiOptions['headers']) => new Api({ base, token, headers, http })
  const forge = () => {
    switch (kind) {
      case 'github':
        return github(apiWith(githubHeaders), project)
      case 'gitea':
      case 'forgejo':
        return gitea(apiWith(giteaHeaders), project)
      case 'gitlab':
        return gitlab(apiWith(gitlabHeaders), project)
      case 'bitbucket':
        return bitbucket(apiWith(bitbucketHeaders('token' in spec ? spec.username : undefined)), project)
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

interface Shared {
  http: HttpClient
  apps: GithubApps
}

let means: Shared | undefined

/** For all forges of this process: connections, and tokens that were made. It trusts whom the environment says. */
function shared(): Shared {
  if (means) return means
  const http = new HttpClient(() => certificates(process.env))
  means = { http, apps: new GithubApps(http, { connectMs: 10_000, askMs: 10_000 }, Date.now) }
  return means
}
