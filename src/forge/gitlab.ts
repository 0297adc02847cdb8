/**
 * GitLab's REST API: https://docs.gitlab.com/api/rest/. What it leaves open is from app/services/ci/create_commit_status_service.rb
 * and lib/api/ in GitLab's repository.
 */
import { z } from 'zod'
import type { Project } from '../config/project.ts'
import { TrimtabError } from '../errors.ts'
import type { CommitStatus, Forge, PullRequest } from '../ports.ts'
import { beginning, oneLine } from '../text.ts'
import type { Api } from './api.ts'
import * as check from './checks.ts'
import { standing } from './labels.ts'
import { link } from './link.ts'
import { linkedPages } from './pages.ts'

/** https://docs.gitlab.com/api/rest/authentication/ */
export function gitlabHeaders(token: string): Record<string, string> {
  return { accept: 'application/json', 'private-token': token }
}

/** Characters of a status's name, description and address. https://docs.gitlab.com/api/commits/#set-commit-pipeline-status */
const TEXT = 255
/** The role that may push: https://docs.gitlab.com/api/access_requests/#valid-access-levels */
const DEVELOPER = 30

const NEEDS = {
  status: 'the scope api and the role Developer, or Maintainer for protected branches',
  hook: 'the scope api and the role Maintainer',
  read: 'the scope read_api and the role Reporter',
}

const STATES: Record<CommitStatus['state'], string> = { pending: 'running', success: 'success', failure: 'failed' }

const hook = z.object({ id: check.number, url: z.string() })
const request = z.object({
  iid: check.number,
  title: check.title,
  // null while it is being made.
  sha: check.commit.nullable(),
  source_project_id: z.number().nullable(),
  target_project_id: z.number(),
  labels: z.array(check.label),
  updated_at: check.time,
})
const event = z.object({
  id: z.number(),
  action: z.string(),
  user: z.object({ id: z.number() }).nullish(),
  label: z.object({ name: check.label }).nullish(),
})
const member = z.object({ access_level: z.number(), state: z.string().optional() })

export function gitlab(api: Api, { owner, name }: Project): Forge {
  const project = `/projects/${encodeURIComponent(`${owner}/${name}`)}`
  return {
    /** https://docs.gitlab.com/api/commits/#set-commit-pipeline-status */
    async setStatus({ commit, context, state, description, url }) {
      const target_url = link(url)
      const body = {
        state: STATES[state],
        name: beginning(oneLine(context), TEXT),
        description: beginning(oneLine(description), TEXT),
        ...(target_url && target_url.length <= TEXT && { target_url }),
      }
      const what = `set the status of ${commit.slice(0, 12)}`
      try {
        await api.send({ method: 'POST', path: `${project}/statuses/${commit}`, body, what, needs: NEEDS.status })
      } catch (error) {
        if (!isSoAlready(error, STATES[state])) throw error
      }
    },

    /** https://docs.gitlab.com/api/project_webhooks/ */
    async installWebhook({ url, secret }) {
      const call = { path: `${project}/hooks`, what: 'install a webhook', needs: NEEDS.hook }
      const hooks = await linkedPages(api, call, hook)
      const body = {
        url,
        token: secret,
        ...(isSigningToken(secret) && { signing_token: secret }),
        push_events: true,
        tag_push_events: true,
        merge_requests_events: true,
        enable_ssl_verification: true,
      }
      const ours = hooks.find((one) => one.url === url)
      if (ours) await api.send({ ...call, method: 'PUT', path: `${call.path}/${ours.id}`, body })
      else await api.send({ ...call, method: 'POST', body })
      return ours ? 'updated' : 'made'
    },

    /** https://docs.gitlab.com/api/merge_requests/#list-project-merge-requests */
    async pullRequests() {
      const path = `${project}/merge_requests`
      const call = { path, query: { state: 'opened' }, what: 'list its merge requests', needs: NEEDS.read }
      return (await linkedPages(api, call, request)).flatMap(
        ({ iid, title, sha, source_project_id, target_project_id, labels, updated_at }): PullRequest[] => {
          const isFork = source_project_id !== target_project_id
          const ref = `refs/merge-requests/${iid}/head`
          return sha === null ? [] : [{ number: iid, title, ref, commit: sha, isFork, labels, updatedAt: updated_at }]
        },
      )
    },

    /**
     * Reporters may set labels; developers may push. https://docs.gitlab.com/api/resource_label_events/ and
     * https://docs.gitlab.com/api/project_members/, with what is inherited from groups.
     */
    async isLabelTrusted(number, label) {
      const path = `${project}/merge_requests/${number}/resource_label_events`
      const call = { path, what: 'tell who set a label', needs: NEEDS.read }
      const events = await linkedPages(api, call, event)
      const settings = events
        .filter((one) => one.label?.name === label)
        .map(({ id, action, user }) => ({ at: id, isSet: action === 'add', by: user ? String(user.id) : null }))
      const by = standing(settings)
      if (by === null) return false
      const { access_level, state } = await api.get({ ...call, path: `${project}/members/all/${by}` }, member)
      return access_level >= DEVELOPER && (state ?? 'active') === 'active'
    },
  }
}

/**
 * A status that is to become what it is: 400 "Cannot transition status via :run from :running (Reason(s): …)"
 * (https://gitlab.com/gitlab-org/gitlab-foss/-/issues/25807).
 */
function isSoAlready(error: unknown, state: string | undefined): boolean {
  const [, from] = (error instanceof TrimtabError && /Cannot transition status via :\w+ from :(\w+)/.exec(error.message)) || []
  return from !== undefined && from === state
}

/** GitLab signs with such a one alone, a key of 32 bytes; one that does not know of it yet takes no notice: https://gitlab.com/gitlab-org/gitlab/-/merge_requests/231325 */
function isSigningToken(secret: string): boolean {
  const encoded = /^whsec_([A-Za-z0-9+/]{43}=)$/.exec(secret)?.[1]
  return encoded !== undefined && Buffer.from(encoded, 'base64').length === 32
}
