/**
 * GitHub's REST API as far as trimtab uses it, after the OpenAPI description in github/rest-api-description (2022-11-28) and, where it
 * is silent, docs.github.com/en/rest. What it would refuse is refused, in its words.
 */
import { type Answer, Api, type Asked } from './server.ts'
import type { FakeHook, FakePull, Role } from './state.ts'
import { isLink, length, pageOf, type Shape, wrong } from './strict.ts'

const MAY: Record<Role, number> = { none: 0, read: 1, triage: 2, write: 3, admin: 4 }

export class Github extends Api {
  readonly base = '/api/v3'

  /** https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api */
  limited(seconds: number): Answer {
    const reset = String(Math.ceil(Date.now() / 1000) + seconds)
    const headers = { 'x-ratelimit-limit': '5000', 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': reset }
    return { status: 403, body: { message: 'API rate limit exceeded for user ID 1.' }, headers }
  }

  answer(asked: Asked): Answer {
    const { headers, parts, method } = asked
    if (!headers['user-agent'])
      return refusal(403, 'Request forbidden by administrative rules. Please make sure your request has a User-Agent header')
    if (headers.authorization !== `Bearer ${this.state.token}` && headers.authorization !== `token ${this.state.token}`)
      return refusal(401, 'Bad credentials')
    if (!/application\/(vnd\.github\+json|json)|\*\/\*/.test(headers.accept ?? '*/*'))
      return refusal(415, 'Unsupported Accept header')
    if (headers['x-github-api-version'] !== '2022-11-28') return refusal(400, 'An API version has to be named')
    if (asked.body !== '' && !String(headers['content-type']).startsWith('application/json'))
      return refusal(415, 'Unsupported Media Type')
    if (asked.body !== '' && asked.fields === null) return refusal(400, 'Problems parsing JSON')
    const [top, owner, name, ...rest] = parts
    const isOurs =
      owner?.toLowerCase() === this.state.owner.toLowerCase() && name?.toLowerCase() === this.state.name.toLowerCase()
    if (top !== 'repos' || !isOurs || MAY[this.state.access] < MAY.read) return refusal(404, 'Not Found')
    const route = `${method} /${rest.map((part, index) => (isArgument(rest, index) ? ':' : part)).join('/')}`
    switch (route) {
      case 'POST /statuses/:':
        return this.may('write') ?? this.setStatus(rest[1] ?? '', asked)
      case 'GET /deployments':
        return this.listDeployments(asked)
      case 'POST /deployments':
        return this.may('write') ?? this.deploy(asked)
      case 'POST /deployments/:/statuses':
        return this.may('write') ?? this.setDeployment(Number(rest[1]), asked)
      case 'GET /hooks':
        return this.mayAdmin() ?? this.list(asked, this.state.hooks.map(shown))
      case 'POST /hooks':
        return this.mayAdmin() ?? this.makeHook(asked)
      case 'PATCH /hooks/:':
        return this.mayAdmin() ?? this.editHook(Number(rest[1]), asked)
      case 'GET /pulls':
        return this.listPulls(asked)
      case 'GET /issues/:/events':
        return this.events(Number(rest[1]), asked)
      case 'GET /collaborators/:/permission':
        return this.may('write') ?? this.permission(rest[1] ?? '')
      default:
        return refusal(404, 'Not Found')
    }
  }

  may(role: Role): Answer | null {
    return MAY[this.state.access] < MAY[role] ? refusal(403, 'Resource not accessible by personal access token') : null
  }

  /** Hooks of a repository are not even shown to anybody else. */
  mayAdmin(): Answer | null {
    return this.state.access === 'admin' ? null : refusal(404, 'Not Found')
  }

  setStatus(commit: string, { fields }: Asked): Answer {
    const problems = wrong(fields, {
      needs: { state: 'string' },
      may: { target_url: 'string', description: 'string', context: 'string' },
    })
    const { state = '', target_url, description, context = 'default' } = (fields ?? {}) as Record<string, string>
    if (!['error', 'failure', 'pending', 'success'].includes(state)) problems.push('state is not included in the list')
    if (length(description) > 140) problems.push('description is too long (maximum is 140 characters)')
    if (length(context) > 255) problems.push('context is too long (maximum is 255 characters)')
    if (target_url && !isLink(target_url)) problems.push('target_url must use http(s) scheme')
    if (problems.length > 0) return invalid(problems)
    if (!this.state.commits.has(commit)) return refusal(422, `No commit found for SHA: ${commit}`)
    const url = target_url ?? null
    const plain = state === 'error' ? 'failure' : (state as 'pending')
    this.state.statuses.push({ commit, context, state: plain, description: description ?? '', url })
    return { status: 201, body: { id: this.state.id(), state, context, description, target_url: url } }
  }

  listDeployments(asked: Asked): Answer {
    const { query } = asked
    const is = (name: string, value: string) => [null, 'none', value].includes(query.get(name))
    const found = this.state.deployments
      .filter((one) => is('sha', one.commit) && is('environment', one.environment) && is('task', 'deploy'))
      .map(({ id, commit, environment }) => ({ id, sha: commit, ref: commit, task: 'deploy', environment }))
    return this.list(asked, found.reverse())
  }

  deploy({ fields }: Asked): Answer {
    const problems = wrong(fields, {
      needs: { ref: 'string' },
      may: {
        task: 'string',
        auto_merge: 'boolean',
        required_contexts: 'strings',
        payload: 'object',
        environment: 'string',
        description: 'string',
        transient_environment: 'boolean',
        production_environment: 'boolean',
      },
    })
    if (problems.length > 0) return invalid(problems)
    const { ref = '', environment = 'production', auto_merge = true } = (fields ?? {}) as Record<string, string>
    if (!this.state.commits.has(ref)) return refusal(422, `No ref found for: ${ref}`)
    if (auto_merge) return { status: 202, body: { message: 'Auto-merged main into the ref on deployment.' } }
    const contexts = (fields?.required_contexts as string[] | undefined) ?? this.state.contextsOf(ref)
    const unmet = contexts.some((context) => this.state.statusOf(ref, context)?.state !== 'success')
    if (unmet) return refusal(409, 'Conflict: Commit status checks failed for the ref.')
    const made = { id: this.state.id(), commit: ref, environment, statuses: [] }
    this.state.deployments.push(made)
    return { status: 201, body: { id: made.id, sha: ref, ref, task: 'deploy', environment } }
  }

  setDeployment(id: number, { fields }: Asked): Answer {
    const found = this.state.deployments.find((one) => one.id === id)
    if (!found) return refusal(404, 'Not Found')
    const text = ['target_url', 'log_url', 'description', 'environment', 'environment_url']
    const may: Shape['may'] = { auto_inactive: 'boolean', ...Object.fromEntries(text.map((key) => [key, 'string'])) }
    const problems = wrong(fields, { needs: { state: 'string' }, may })
    const { state = '', description = '', environment_url = '', auto_inactive = true } = (fields ?? {}) as Record<string, string>
    const states = ['error', 'failure', 'inactive', 'in_progress', 'queued', 'pending', 'success']
    if (!states.includes(state)) problems.push('state is not included in the list')
    if (length(description) > 140) problems.push('description is too long (maximum is 140 characters)')
    if (environment_url && !isLink(environment_url)) problems.push('environment_url must use http(s) scheme')
    if (problems.length > 0) return invalid(problems)
    found.statuses.push({ state, url: environment_url, description })
    if (state === 'success' && auto_inactive && found.environment !== 'production') {
      for (const one of this.state.deployments) {
        const was = one !== found && one.environment === found.environment && one.statuses.at(-1)?.state === 'success'
        if (was) one.statuses.push({ state: 'inactive', url: '', description: '' })
      }
    }
    return { status: 201, body: { id: this.state.id(), state, description, environment_url } }
  }

  makeHook({ fields }: Asked): Answer {
    const problems = wrong(fields, { may: { name: 'string', config: 'object', events: 'strings', active: 'boolean' } })
    if (fields?.name !== undefined && fields.name !== 'web') problems.push('name only accepts the value web')
    const read = this.hookOf(fields, problems)
    if (problems.length > 0) return invalid(problems)
    const isDouble = (one: FakeHook) => one.url === read.url && one.events.some((event) => read.events?.includes(event))
    if (this.state.hooks.some(isDouble)) return invalid(['Hook already exists on this repository'])
    const made = { id: this.state.id(), active: true, events: ['push'], ...read }
    this.state.hooks.push(made)
    return { status: 201, body: shown(made) }
  }

  editHook(id: number, { fields }: Asked): Answer {
    const found = this.state.hooks.find((one) => one.id === id)
    if (!found) return refusal(404, 'Not Found')
    const may: Shape['may'] = {
      config: 'object',
      events: 'strings',
      add_events: 'strings',
      remove_events: 'strings',
      active: 'boolean',
    }
    const problems = wrong(fields, { may })
    const read = this.hookOf(fields, problems)
    if (problems.length > 0) return invalid(problems)
    Object.assign(found, read)
    return { status: 200, body: shown(found) }
  }

  hookOf(fields: Asked['fields'], problems: string[]): { url: string; secret: string; events?: string[]; active?: boolean } {
    const config = (fields?.config ?? {}) as Record<string, string>
    problems.push(
      ...wrong(config, { needs: { url: 'string' }, may: { content_type: 'string', secret: 'string', insecure_ssl: 'string' } }),
    )
    if (!isLink(config.url)) problems.push('url is not a valid URL')
    // The default is a form, which nobody here reads.
    if (config.content_type !== 'json') problems.push('content_type is not json')
    const events = fields?.events as string[] | undefined
    const strange = events?.filter((event) => !['push', 'pull_request', 'create', 'delete', 'ping', '*'].includes(event)) ?? []
    problems.push(...strange.map((event) => `${event} is not an event of a repository`))
    const { url = '', secret = '' } = config
    const active = fields?.active as boolean | undefined
    return { url, secret, ...(events && { events }), ...(active !== undefined && { active }) }
  }

  listPulls(asked: Asked): Answer {
    const state = asked.query.get('state') ?? 'open'
    if (!['open', 'closed', 'all'].includes(state)) return invalid(['state is not included in the list'])
    return this.list(
      asked,
      this.state.open().map((pull) => this.pull(pull)),
    )
  }

  pull({ number, title, body, commit, branch, isFork, isGone, labels, updatedAt }: FakePull): unknown {
    const ours = { id: 1296269, full_name: `${this.state.owner}/${this.state.name}` }
    const theirs = isGone ? null : { id: 7000 + number, full_name: `stranger/${this.state.name}` }
    return {
      number,
      state: 'open',
      title,
      body,
      labels: labels.map((name) => ({ id: 1, name, color: 'f29513', default: false })),
      updated_at: iso(updatedAt),
      draft: false,
      head: { label: `x:${branch}`, ref: branch, sha: commit, repo: isFork ? theirs : ours },
      base: { label: 'x:main', ref: 'main', sha: commit, repo: ours },
    }
  }

  /** https://docs.github.com/en/rest/using-the-rest-api/issue-event-types#labeled */
  events(number: number, asked: Asked): Answer {
    if (!this.state.pulls.has(number)) return refusal(404, 'Not Found')
    const events = this.state.labelings
      .filter((one) => one.number === number)
      .map(({ id, label, isSet, by }) => ({
        id,
        event: isSet ? 'labeled' : 'unlabeled',
        actor: by === null ? null : { login: by, id: this.state.users.get(by)?.id ?? 0, type: 'User' },
        label: { name: label, color: 'f29513' },
      }))
    return this.list(asked, [{ id: 1, event: 'mentioned', actor: { login: 'maintainer', id: 1, type: 'User' } }, ...events])
  }

  /** triage is read and maintain is write: https://docs.github.com/en/rest/collaborators/collaborators */
  permission(login: string): Answer {
    const user = this.state.users.get(login)
    if (!user) return refusal(404, `${login} is not a user`)
    const permission = user.role === 'triage' ? 'read' : user.role
    return { status: 200, body: { permission, role_name: user.role, user: { login, id: user.id } } }
  }

  list(asked: Asked, all: unknown[]): Answer {
    const page = Number(asked.query.get('page') ?? 1)
    const size = Math.min(Number(asked.query.get('per_page') ?? 30), 100, this.server?.pageSize ?? 100)
    const at = (number: number) => `https://api.github.com/repositories/1296269${asked.url}&page=${number}`
    const { entries, headers } = pageOf(all, { page, size, at })
    return { status: 200, body: entries, headers }
  }
}

/** Where a route has a value in place of a name: after the first part, and never the last of three. */
const isArgument = (_: string[], index: number) => index === 1

function shown({ id, url, secret, events, active }: FakeHook): unknown {
  const config = { url, content_type: 'json', insecure_ssl: '0', ...(secret && { secret: '********' }) }
  return { type: 'Repository', id, name: 'web', active, events, config, updated_at: iso(0) }
}

const iso = (at: number) => new Date(at).toISOString().replace(/\.\d+Z$/, 'Z')
const refusal = (status: number, message: string): Answer => ({
  status,
  body: { message, documentation_url: 'https://docs.github.com/rest' },
})
const invalid = (problems: string[]): Answer => ({
  status: 422,
  body: { message: 'Validation Failed', errors: problems.map((message) => ({ resource: 'Thing', code: 'custom', message })) },
})
