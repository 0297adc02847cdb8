/** Bitbucket Cloud's REST API: https://developer.atlassian.com/cloud/bitbucket/rest/ */
import { createHash } from 'node:crypto'
import { z } from 'zod'
import type { Project } from '../config/project.ts'
import type { CommitStatus, Forge, PullRequest } from '../ports.ts'
import { beginning, oneLine } from '../text.ts'
import type { Api } from './api.ts'
import * as check from './checks.ts'
import { link } from './link.ts'
import { namedPages } from './pages.ts'

/**
 * An access token of a repository, a project or a workspace stands alone; an API token comes with its user's address.
 * https://developer.atlassian.com/cloud/bitbucket/rest/intro/#authentication
 */
export function bitbucketHeaders(username: string | undefined): (token: string) => Record<string, string> {
  const authorization = (token: string) =>
    username === undefined ? `Bearer ${token}` : `Basic ${Buffer.from(`${username}:${token}`).toString('base64')}`
  return (token) => ({ accept: 'application/json', authorization: authorization(token) })
}

/** Characters of a build status's key; and of its name and description, as far as is known. */
const KEY = 40
const TEXT = 255

/** https://support.atlassian.com/bitbucket-cloud/docs/repository-access-token-permissions/ and …/api-token-permissions/ */
const NEEDS = {
  status: 'the scope repository:write (API tokens: read:repository:bitbucket and write:repository:bitbucket)',
  hook: 'the scope webhook, of an administrator (API tokens: read:webhook:bitbucket and write:webhook:bitbucket)',
  pulls: 'the scopes pullrequest and repository (API tokens: read:pullrequest:bitbucket and read:repository:bitbucket)',
}

const STATES: Record<CommitStatus['state'], string> = { pending: 'INPROGRESS', success: 'SUCCESSFUL', failure: 'FAILED' }
const EVENTS = ['repo:push', 'pullrequest:created', 'pullrequest:updated', 'pullrequest:fulfilled', 'pullrequest:rejected']

const hook = z.object({ uuid: z.string().regex(/^\{[0-9a-f-]{36}\}$/i), url: z.string() })
/** By git-check-ref-format(1); a name that is none makes no ref. */
const branch = z.string().regex(/^(?![-/.])(?!.*(?:\.\.|\/\/|\/\.|@\{|\.lock(?:\/|$)))[^\0-\x20\x7f~^:?*[\\]+(?<![/.])$/)
const repository = z.object({ uuid: z.string() })
const pull = z.object({
  id: check.number,
  title: check.title,
  updated_on: check.time,
  source: z.object({
    branch: z.object({ name: z.string() }),
    // Twelve digits of it.
    commit: z.object({ hash: z.string().regex(/^[0-9a-f]{7,64}$/) }).nullable(),
    // null where the fork is gone.
    repository: repository.nullable(),
  }),
  destination: z.object({ repository }),
})
const commitOf = z.object({ hash: check.commit })

/** What is used of a pull request, so that nothing of its text comes along. */
const FIELDS = ['id', 'title', 'updated_on', 'source.branch.name', 'source.commit.hash', 'source.repository.uuid']

export function bitbucket(api: Api, { owner, name }: Project): Forge {
  const repo = `/repositories/${encodeURIComponent(owner)}/${encodeURIComponent(name)}`
  return {
    /** https://developer.atlassian.com/cloud/bitbucket/rest/api-group-commit-statuses/#api-repositories-workspace-repo-slug-commit-commit-statuses-build-post */
    async setStatus({ commit, context, state, description, url }) {
      const body = {
        key: keyOf(context),
        state: STATES[state],
        name: beginning(oneLine(context), TEXT),
        description: beginning(oneLine(description), TEXT),
        // It has to lead somewhere.
        url: link(url) ?? `https://bitbucket.org/${owner}/${name}/commits/${commit}`,
      }
      const what = `set the status of ${commit.slice(0, 12)}`
      await api.send({ method: 'POST', path: `${repo}/commit/${commit}/statuses/build`, body, what, needs: NEEDS.status })
    },

    /** https://developer.atlassian.com/cloud/bitbucket/rest/api-group-repositories/#api-repositories-workspace-repo-slug-hooks-post */
    async installWebhook({ url, secret }) {
      const call = { path: `${repo}/hooks`, what: 'install a webhook', needs: NEEDS.hook }
      const hooks = await namedPages(api, { ...call, query: { pagelen: 50 } }, hook)
      const body = { description: 'trimtab', url, active: true, secret, events: EVENTS }
      const ours = hooks.find((one) => one.url === url)
      if (ours) await api.send({ ...call, method: 'PUT', path: `${call.path}/${encodeURIComponent(ours.uuid)}`, body })
      else await api.send({ ...call, method: 'POST', body })
      return ours ? 'updated' : 'made'
    },

    /**
     * Those of branches of this repository, which alone it has a ref of, and with a label: Bitbucket has no labels on pull requests,
     * so what stands in brackets in the title is one. https://developer.atlassian.com/cloud/bitbucket/rest/api-group-pullrequests/
     */
    async pullRequests() {
      const call = { what: 'list its pull requests', needs: NEEDS.pulls }
      const fields = ['next', ...[...FIELDS, 'destination.repository.uuid'].map((field) => `values.${field}`)].join(',')
      const open = await namedPages(
        api,
        { ...call, path: `${repo}/pullrequests`, query: { state: 'OPEN', pagelen: 50, fields } },
        pull,
      )
      const found: PullRequest[] = []
      for (const { id, title, updated_on, source, destination } of open) {
        const labels = labelsOf(title)
        const isHere = source.repository?.uuid === destination.repository.uuid && branch.safeParse(source.branch.name).success
        if (labels.length === 0 || !isHere || !source.commit) continue
        // Asked for one by one, and so only where it matters.
        const { hash } = await api.get(
          { ...call, path: `${repo}/commit/${source.commit.hash}`, query: { fields: 'hash' } },
          commitOf,
        )
        const ref = `refs/heads/${source.branch.name}`
        found.push({ number: id, title, ref, commit: hash, isFork: false, labels, updatedAt: updated_on })
      }
      return found
    },

    /** A title is whoever's it is who wrote it last, and nobody can tell who that was. */
    async isLabelTrusted() {
      return false
    },
  }
}

/** What stands in brackets: `[preview] New colours`. */
function labelsOf(title: string): string[] {
  return [...title.matchAll(/\[([^[\]]+)\]/g)].map(([, label = '']) => label.trim()).filter((label) => label !== '')
}

/** The context where it fits, else its beginning and a hash of it, so that two long names stay apart. */
function keyOf(context: string): string {
  if (context.length <= KEY) return context
  const hash = createHash('sha256').update(context).digest('hex').slice(0, 8)
  return `${context.slice(0, KEY - hash.length - 1)}-${hash}`
}
