/**
 * The API of Gitea and of Forgejo, whose answers are the same here: https://docs.gitea.com/api/, https://codeberg.org/api/swagger
 * and templates/swagger/v1_json.tmpl in their repositories. What the descriptions leave open is from routers/api/v1 and services/convert.
 */
import { z } from 'zod'
import type { Project } from '../config/project.ts'
import type { Forge, PullRequest } from '../ports.ts'
import type { Api } from './api.ts'
import * as check from './checks.ts'
import { standing } from './labels.ts'
import { countedPages, pagesUntilEmpty } from './pages.ts'
import { sendStatus } from './status.ts'

/** https://docs.gitea.com/development/api-usage#authentication */
export function giteaHeaders(token: string): Record<string, string> {
  return { accept: 'application/json', authorization: `token ${token}` }
}

/** The column is a text without a limit; this is what their pages show without folding. */
const DESCRIPTION = 255

const NEEDS = {
  status: 'the scope write:repository, of a user who may write to the repository',
  hook: 'the scope write:repository, of a user who administers the repository',
  pulls: 'the scopes read:repository and read:issue',
  trust: 'the scopes read:repository and read:issue, of a user who administers the repository',
}

const hook = z.object({ id: check.number, config: z.object({ url: z.string().optional() }) })
const pull = z.object({
  number: check.number,
  title: check.title,
  updated_at: check.time,
  labels: z.array(z.object({ name: check.label })).nullish(),
  // Without a commit where the ref cannot be resolved, and with repo_id -1 where the fork is gone.
  head: z.object({ sha: check.commit.or(z.literal('')), ref: z.string(), repo_id: z.number() }),
  base: z.object({ repo_id: z.number() }),
})
const entry = z
  .object({
    id: z.number(),
    type: z.string(),
    body: z.string().nullish(),
    user: z.object({ login: z.string() }).nullish(),
    label: z.object({ name: check.label }).nullish(),
  })
  .nullable()
const permission = z.object({ permission: z.string() })

export function gitea(api: Api, { owner, name }: Project): Forge {
  const repo = `/repos/${encodeURIComponent(owner)}/${encodeURIComponent(name)}`
  return {
    /** repoCreateStatus: POST /repos/{owner}/{repo}/statuses/{sha} */
    setStatus: (status) => sendStatus(api, repo, status, { longest: DESCRIPTION, needs: NEEDS.status }),

    /** repoListHooks, repoCreateHook, repoEditHook. The secret is never in an answer; an edit without it would keep the old one. */
    async installWebhook({ url, secret }) {
      const call = { path: `${repo}/hooks`, what: 'install a webhook', needs: NEEDS.hook }
      const hooks = await countedPages(api, call, hook)
      // pull_request stands for all that happens to one: labels and new commits as well (routers/api/v1/utils/hook.go).
      const body = { config: { url, content_type: 'json', secret }, events: ['push', 'pull_request'], active: true }
      const ours = hooks.find((one) => one.config.url === url)
      if (ours) await api.send({ ...call, method: 'PATCH', path: `${call.path}/${ours.id}`, body })
      else await api.send({ ...call, method: 'POST', body: { type: 'gitea', ...body } })
      return ours ? 'updated' : 'made'
    },

    /** repoListPullRequests: GET /repos/{owner}/{repo}/pulls */
    async pullRequests() {
      const call = { path: `${repo}/pulls`, query: { state: 'open' }, what: 'list its pull requests', needs: NEEDS.pulls }
      return (await countedPages(api, call, pull)).flatMap((one): PullRequest[] =>
        one.head.sha === ''
          ? []
          : [
              {
                number: one.number,
                title: one.title,
                ref: `refs/pull/${one.number}/head`,
                commit: one.head.sha,
                isFork: isForeign(one),
                labels: (one.labels ?? []).map(({ name }) => name),
                updatedAt: one.updated_at,
              },
            ],
      )
    },

    /**
     * Who may write to issues may set labels, without being able to push. issueGetCommentsAndTimeline has a label's comment with
     * the body "1" where it was set and '' where it was taken away; repoGetRepoPermissions answers administrators of the repository.
     */
    async isLabelTrusted(number, label) {
      const call = { path: `${repo}/issues/${number}/timeline`, what: 'tell who set a label', needs: NEEDS.trust }
      const entries = await pagesUntilEmpty(api, call, entry)
      const settings = entries
        .flatMap((one) => (one?.type === 'label' && one.label?.name === label ? [one] : []))
        .map(({ id, body, user }) => ({ at: id, isSet: body === '1', by: user?.login ?? null }))
      const by = standing(settings)
      if (by === null) return false
      const granted = await api.get({ ...call, path: `${repo}/collaborators/${encodeURIComponent(by)}/permission` }, permission)
      return ['owner', 'admin', 'write'].includes(granted.permission)
    },
  }
}

/**
 * A pull request that was made by pushing to refs/for/… needs no right to push, and yet claims to be of this very repository: its
 * head is a ref of the pull request, no branch (services/convert/pull.go, "AGit"; https://docs.gitea.com/usage/agit).
 */
function isForeign({ head, base }: z.output<typeof pull>): boolean {
  return head.repo_id !== base.repo_id || head.ref.startsWith('refs/')
}
