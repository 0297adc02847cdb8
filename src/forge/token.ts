/** What a forge's API is asked with: the operator's token, or one of a GitHub App, which is made when it is needed. */
import type { Project } from '../config/project.ts'
import { type GithubApps, NoToken, type Wish } from '../credentials/githubApp.ts'
import type { ForgeSpec } from '../domain.ts'
import { TrimtabError } from '../errors.ts'
import { type Asked, isBusy, refused, unreachable } from './refused.ts'

export interface Token {
  /** Errors, where none can be had: ForgeRefused, SourceUnreachable (retry). */
  get(asked: Asked): Promise<string>
  /** It was refused. Whether the next one may be another. */
  refused(): boolean
}

export function tokenOf(spec: ForgeSpec, { owner, name }: Project, apps: GithubApps): Token {
  if ('token' in spec) return { get: async () => spec.token, refused: () => false }
  const wish: Wish = { app: spec.githubApp, api: spec.api, owner, name, may: 'all' }
  return {
    async get(asked) {
      try {
        return await apps.token(wish)
      } catch (thrown) {
        if (!(thrown instanceof NoToken)) throw thrown
        const { answer, message, cause } = thrown
        if (answer === null) throw unreachable(asked, message, { cause })
        if (isBusy(answer, message)) throw refused(asked, answer, message, Date.now())
        throw new TrimtabError('ForgeRefused', `${asked.host} could not be asked to ${asked.what}: ${message}`)
      }
    },
    refused() {
      apps.forget(wish)
      return true
    },
  }
}
