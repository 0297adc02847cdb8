/**
 * GitLab's REST API as far as trimtab uses it, after docs.gitlab.com/api/ and, where that is silent, lib/api and
 * app/services/ci/create_commit_status_service.rb in its repository. What it would refuse is refused, in its words.
 */
import { type Answer, Api, type Asked } from './server.ts'
import type { FakeHook, FakePull, Role } from './state.ts'
import { isLink, length, pageOf, type Shape, wrong } from './strict.ts'

/** https://docs.gitlab.com/api/access_requests/#valid-access-levels */
const LEVEL: Record<Role, number> = { none: 0, read: 10, triage: 20, write: 30, admin: 40 }

export class Gitlab extends Api {
  readonly base = '/api/v4'

  /** https://docs.gitlab.com/security/rate_limits/ */
  limited(seconds: number): Answer {
    const headers = { 'retry-after': String(seconds), 'ratelimit-reset': String(Math.ceil(Date.now() / 1000) + seconds) }
    return { status: 429, body: 'Retry later\n', headers }
  }

  answer(asked: Asked): Answer {
    const { headers, parts, method } = asked
    const { state } = this
    const given = headers['private-token'] ?? headers.authorization?.replace(/^Bearer /, '')
    if (given !== state.token) return { status: 401, body: { message: '401 Unauthorized' } }
    const type = String(headers['content-type'] ?? '')
    if (asked.body !== '' && !type.startsWith('application/json'))
      return refusal(415, "The provided content-type '' is not supported.")
    if (asked.body !== '' && asked.fields === null) return { status: 400, body: { error: 'body is invalid' } }
    const [top, project, ...rest] = parts
    // The whole path is one part, with its slashes encoded.
    const isOurs = project?.toLowerCase() === `${state.owner}/${state.name}`.toLowerCase()
    if (top !== 'projects' || !isOurs || state.access === 'none') return refusal(404, '404 Project Not Found')
    const route = `${method} /${rest.map((part, index) => (index === 1 && rest[0] !== 'members' ? ':' : part)).join('/')}`
    if (route.startsWith('GET /members/all/')) return this.member(Number(rest[2]))
    switch (route) {
      case 'POST /statuses/:':
        return this.may('write') ?? this.setStatus(rest[1] ?? '', asked)
      case 'GET /hooks':
        return this.may('admin') ?? this.list(asked, state.hooks.map(shown))
      case 'POST /hooks':
        return this.may('admin') ?? this.makeHook(asked)
      case 'PUT /hooks/:':
        return this.may('admin') ?? this.editHook(Number(rest[1]), asked)
      case 'GET /merge_requests':
        return this.listRequests(asked)
      case 'GET /merge_requests/:/resource_label_events':
        return this.labelEvents(Number(rest[1]), asked)
      default:
        return { status: 404, body: { error: '404 Not Found' } }
    }
  }

  may(role: Role): Answer | null {
    return LEVEL[this.state.access] < LEVEL[role] ? refusal(403, '403 Forbidden') : null
  }

  setStatus(commit: string, { fields }: Asked): Answer {
    const text = ['ref', 'name', 'context', 'target_url', 'description']
    const may: Shape['may'] = {
      coverage: 'number',
      pipeline_id: 'number',
      ...Object.fromEntries(text.map((key) => [key, 'string'])),
    }
    const problems = wrong(fields, { needs: { state: 'string' }, may })
    const { state = '', description = '', target_url } = (fields ?? {}) as Record<string, string>
    const context = String(fields?.name ?? fields?.context ?? 'default')
    const plain = ({ pending: 'pending', running: 'pending', success: 'success', failed: 'failure' } as const)[state]
    if (plain === undefined) problems.push('state does not have a valid value')
    if (problems.length > 0) return { status: 400, body: { error: problems.join(', ') } }
    const long: Record<string, string[]> = {}
    for (const [key, value] of Object.entries({ name: context, description, target_url }))
      if (length(value) > 255) long[key] = ['is too long (maximum is 255 characters)']
    if (target_url !== undefined && !isLink(target_url)) long.target_url = ['is blocked: Only allowed schemes are http, https']
    if (Object.keys(long).length > 0) return { status: 400, body: { message: long } }
    if (!this.state.commits.has(commit)) return refusal(404, '404 Commit Not Found')
    const former = this.state.statusOf(commit, context)
    // One that has ended is followed by a new one; one that is under way goes on from where it is.
    if (plain === 'pending' && former?.state === 'pending') {
      const reason = 'Status cannot transition via "run"'
      return refusal(400, `Cannot transition status via :run from :running (Reason(s): ${reason})`)
    }
    const url = target_url ?? null
    this.state.statuses.push({ commit, context, state: plain ?? 'pending', description, url })
    return { status: 201, body: { id: this.state.id(), sha: commit, status: state, name: context, description, target_url: url } }
  }

  makeHook({ fields }: Asked): Answer {
    const problems = this.wrongHook(fields)
    if (problems) return problems
    const made = { id: this.state.id(), active: true, ...hookOf(fields) }
    this.state.hooks.push(made)
    return { status: 201, body: shown(made) }
  }

  editHook(id: number, { fields }: Asked): Answer {
    const found = this.state.hooks.find((one) => one.id === id)
    if (!found) return refusal(404, '404 Not found')
    const problems = this.wrongHook(fields)
    if (problems) return problems
    // What failed too often is switched off by GitLab itself, and comes back by a test or by an edit.
    Object.assign(found, { active: true, ...hookOf(fields) })
    return { status: 200, body: shown(found) }
  }

  wrongHook(fields: Asked['fields']): Answer | null {
    const flags = ['push', 'tag_push', 'merge_requests', 'issues', 'note', 'job', 'pipeline', 'releases'].map(
      (one) => `${one}_events`,
    )
    const text = ['token', 'signing_token', 'name', 'description', 'push_events_branch_filter', 'branch_filter_strategy']
    const may = Object.fromEntries([
      ...[...flags, 'enable_ssl_verification'].map((key) => [key, 'boolean'] as const),
      ...text.map((key) => [key, 'string'] as const),
    ])
    const problems = wrong(fields, { needs: { url: 'string' }, may })
    if (problems.length > 0) return { status: 400, body: { error: problems.join(', ') } }
    if (!isLink(fields?.url)) return { status: 422, body: { error: 'Invalid url given' } }
    const signing = fields?.signing_token
    const key = Buffer.from(String(signing).replace(/^whsec_/, ''), 'base64')
    const isKey = signing === undefined || (String(signing).startsWith('whsec_') && key.length === 32)
    return isKey
      ? null
      : { status: 422, body: { message: { signing_token: ['must be in the format whsec_<base64 of 32 bytes>'] } } }
  }

  listRequests(asked: Asked): Answer {
    const state = asked.query.get('state') ?? 'all'
    if (!['opened', 'closed', 'locked', 'merged', 'all'].includes(state))
      return { status: 400, body: { error: 'state does not have a valid value' } }
    return this.list(asked, this.state.open().map(request))
  }

  labelEvents(number: number, asked: Asked): Answer {
    if (!this.state.pulls.has(number)) return refusal(404, '404 Merge request Not Found')
    const events = this.state.labelings
      .filter((one) => one.number === number)
      .map(({ id, label, isSet, by }) => ({
        id,
        user: by === null ? null : { id: this.state.users.get(by)?.id ?? 0, username: by, state: 'active' },
        resource_type: 'MergeRequest',
        label: { id: 73, name: label, color: '#34495E', description: '' },
        action: isSet ? 'add' : 'remove',
      }))
    return this.list(asked, events)
  }

  member(id: number): Answer {
    const found = [...this.state.users].find(([, user]) => user.id === id)
    if (!found || found[1].role === 'none') return refusal(404, '404 Not found')
    return { status: 200, body: { id, username: found[0], state: 'active', access_level: LEVEL[found[1].role] } }
  }

  list(asked: Asked, all: unknown[]): Answer {
    const page = Number(asked.query.get('page') ?? 1)
    const size = Math.min(Number(asked.query.get('per_page') ?? 20), 100, this.server?.pageSize ?? 100)
    const { entries, headers } = pageOf(all, { page, size, at: (number) => `https://gitlab.internal${asked.url}&page=${number}` })
    return { status: 200, body: entries, headers: { ...headers, 'x-total': String(all.length), 'x-page': String(page) } }
  }
}

function request({ number, title, body, commit, branch, isFork, isGone, labels, updatedAt }: FakePull): unknown {
  return {
    id: 900 + number,
    iid: number,
    project_id: 3,
    title,
    description: body,
    state: 'opened',
    sha: commit,
    source_branch: branch,
    target_branch: 'main',
    source_project_id: isGone ? null : isFork ? 7000 + number : 3,
    target_project_id: 3,
    labels,
    updated_at: new Date(updatedAt).toISOString(),
  }
}

/** Events that it is on for: the flags that are true, and push where nothing is said. */
function hookOf(fields: Asked['fields']): Pick<FakeHook, 'url' | 'secret' | 'events'> {
  const events = Object.entries({ push_events: true, ...fields }).flatMap(([key, on]) =>
    key.endsWith('_events') && on ? [key] : [],
  )
  return { url: String(fields?.url), secret: String(fields?.token ?? ''), events }
}

function shown({ id, url, events }: FakeHook): unknown {
  return { id, url, project_id: 3, ...Object.fromEntries(events.map((event) => [event, true])), enable_ssl_verification: true }
}

const refusal = (status: number, message: string): Answer => ({ status, body: { message } })
