/**
 * GitHub's REST API, as https://docs.github.com/en/rest and the OpenAPI description in github/rest-api-description have it
 * (version 2022-11-28, which GitHub Enterprise Server speaks too).
 */
import { z } from 'zod'
import type { Project } from '../config/project.ts'
import type { CommitStatus, Forge, PullRequest } from '../ports.ts'
import { beginning, oneLine } from '../text.ts'
import type { Api } from './api.ts'
import * as check from './checks.ts'
import { standing } from './labels.ts'
import { link } from './link.ts'
import { linkedPages } from './pages.ts'
import { sendStatus } from './status.ts'

/** Longest description of a status, in characters. https://docs.github.com/en/rest/deployments/statuses#create-a-deployment-status */
const DESCRIPTION = 140

const NEEDS = {
  status: 'the permission "Commit statuses: write" (classic: repo:status)',
  deployment: 'the permission "Deployments: write" (classic: repo_deployment)',
  hook: 'the permission "Webhooks: write" (classic: admin:repo_hook)',
  pulls: 'the permission "Pull requests: read" (classic: repo)',
}

const STATES: Record<CommitStatus['state'] | 'inactive', string> = {
  pending: 'in_progress',
  success: 'success',
  failure: 'failure',
  inactive: 'inactive',
}

const withId = z.object({ id: check.number })
const hook = z.object({ id: check.number, config: z.object({ url: z.string().optional() }) })
const pull = z.object({
  number: check.number,
  title: check.title,
  updated_at: check.time,
  labels: z.array(z.object({ name: check.label })),
  head: z.object({ sha: check.commit, repo: withId.nullable() }),
  base: z.object({ repo: withId }),
})
const event = z.object({
  id: z.number(),
  event: z.string(),
  actor: z.object({ login: z.string() }).nullish(),
  label: z.object({ name: check.label }).nullish(),
})
const permission = z.object({ permission: z.string() })

export function github(api: Api, { owner, name }: Project): Forge {
  const repo = `/repos/${encodeURIComponent(owner)}/${encodeURIComponent(name)}`
  return {
    /** https://docs.github.com/en/rest/commits/statuses#create-a-commit-status */
    setStatus: (status) => sendStatus(api, repo, status, { longest: DESCRIPTION, needs: NEEDS.status }),

    /**
     * One deployment for a commit and an environment, found or made, and a status of it.
     * https://docs.github.com/en/rest/deployments/deployments and https://docs.github.com/en/rest/deployments/statuses
     */
    async deployment({ commit, environment, state, url, description }) {
      const call = {
        path: `${repo}/deployments`,
        what: `tell of the deployment of ${commit.slice(0, 12)}`,
        needs: NEEDS.deployment,
      }
      const query = { sha: commit, environment, task: 'deploy', per_page: 1 }
      let [found] = await api.get({ ...call, query }, z.array(withId))
      if (!found) {
        if (state === 'inactive') return
        // It goes live here whatever else is said of the commit, and is never merged by being told of.
        const body = { ref: commit, task: 'deploy', environment, auto_merge: false, required_contexts: [] }
        found = await api.get({ ...call, method: 'POST', body }, withId)
      }
      const environment_url = link(url)
      const body = {
        state: STATES[state],
        description: beginning(oneLine(description), DESCRIPTION),
        auto_inactive: true,
        ...(environment_url && { environment_url }),
      }
      await api.send({ ...call, method: 'POST', path: `${repo}/deployments/${found.id}/statuses`, body })
    },

    /** https://docs.github.com/en/rest/repos/webhooks */
    async installWebhook({ url, secret }) {
      const call = { path: `${repo}/hooks`, what: 'install a webhook', needs: NEEDS.hook }
      const hooks = await linkedPages(api, call, hook)
      const config = { url, content_type: 'json', secret, insecure_ssl: '0' }
      const body = { config, events: ['push', 'pull_request'], active: true }
      const ours = hooks.find((one) => one.config.url === url)
      if (ours) await api.send({ ...call, method: 'PATCH', path: `${call.path}/${ours.id}`, body })
      else await api.send({ ...call, method: 'POST', body: { name: 'web', ...body } })
      return ours ? 'updated' : 'made'
    },

    /** https://docs.github.com/en/rest/pulls/pulls#list-pull-requests */
    async pullRequests() {
      const call = { path: `${repo}/pulls`, query: { state: 'open' }, what: 'list its pull requests', needs: NEEDS.pulls }
      return (await linkedPages(api, call, pull)).map(
        (one): PullRequest => ({
          number: one.number,
          title: one.title,
          ref: `refs/pull/${one.number}/head`,
          commit: one.head.sha,
          // A fork that is gone has no repository any more.
          isFork: one.head.repo?.id !== one.base.repo.id,
          labels: one.labels.map(({ name }) => name),
          updatedAt: one.updated_at,
        }),
      )
    },

    /**
     * Whoever may triage may set labels; whoever may write may push. https://docs.github.com/en/rest/issues/events and
     * https://docs.github.com/en/rest/collaborators/collaborators#get-repository-permissions-for-a-user, where maintain is write.
     */
    async isLabelTrusted(number, label) {
      const call = { path: `${repo}/issues/${number}/events`, what: 'tell who set a label', needs: NEEDS.pulls }
      const events = await linkedPages(api, call, event)
      const settings = events
        .filter((one) => (one.event === 'labeled' || one.event === 'unlabeled') && one.label?.name === label)
        .map(({ id, event, actor }) => ({ at: id, isSet: event === 'labeled', by: actor?.login ?? null }))
      const by = standing(settings)
      if (by === null) return false
      const path = `${repo}/collaborators/${encodeURIComponent(by)}/permission`
      const granted = await api.get({ ...call, path }, permission)
      return ['admin', 'maintain', 'write'].includes(granted.permission)
    },
  }
}
