/**
 * The API of Gitea and Forgejo as far as trimtab uses it, after templates/swagger/v1_json.tmpl and, where that is silent,
 * routers/api/v1 and services/convert in their repositories. What they would refuse is refused, in their words.
 */
import { type Answer, Api, type Asked } from './server.ts'
import type { FakeHook, FakePull, Role } from './state.ts'
import { isLink, pageOf, wrong } from './strict.ts'

const MAY: Record<Role, number> = { none: 0, read: 1, triage: 1, write: 3, admin: 4 }

export class Gitea extends Api {
  readonly base = '/api/v1'

  /** They have none of their own; what stands before them says it so. */
  limited(seconds: number): Answer {
    return { status: 429, body: '<h1>Too many requests</h1>', headers: { 'retry-after': String(seconds) } }
  }

  answer(asked: Asked): Answer {
    const { headers, parts, method } = asked
    const { state } = this
    if (![`token ${state.token}`, `Bearer ${state.token}`].includes(headers.authorization ?? ''))
      return refusal(401, 'invalid username, password or token')
    if (asked.body !== '' && !String(headers['content-type']).startsWith('application/json'))
      return refusal(422, '[]: Empty Content-Type')
    if (asked.body !== '' && asked.fields === null) return refusal(422, 'invalid character')
    const [top, owner, name, ...rest] = parts
    const isOurs = owner?.toLowerCase() === state.owner.toLowerCase() && name?.toLowerCase() === state.name.toLowerCase()
    if (top !== 'repos' || !isOurs || state.access === 'none') return refusal(404, "The target couldn't be found.")
    const route = `${method} /${rest.map((part, index) => (index === 1 ? ':' : part)).join('/')}`
    switch (route) {
      case 'POST /statuses/:':
        return this.may('write') ?? this.setStatus(rest[1] ?? '', asked)
      case 'GET /hooks':
        return this.may('admin') ?? this.list(asked, state.hooks.map(shown), 'total')
      case 'POST /hooks':
        return this.may('admin') ?? this.makeHook(asked)
      case 'PATCH /hooks/:':
        return this.may('admin') ?? this.editHook(Number(rest[1]), asked)
      case 'GET /pulls':
        return this.listPulls(asked)
      case 'GET /issues/:/timeline':
        return this.timeline(Number(rest[1]), asked)
      case 'GET /collaborators/:/permission':
        return this.permission(rest[1] ?? '')
      default:
        return refusal(404, "The target couldn't be found.")
    }
  }

  may(role: Role): Answer | null {
    if (MAY[this.state.access] >= MAY[role]) return null
    return refusal(403, `user should have ${role === 'admin' ? 'an owner or admin' : 'a write'} permission of the repository`)
  }

  setStatus(commit: string, { fields }: Asked): Answer {
    const problems = wrong(fields, {
      needs: { state: 'string', context: 'string' },
      may: { target_url: 'string', description: 'string' },
    })
    const { state = '', context = '', description = '', target_url } = (fields ?? {}) as Record<string, string>
    if (!['pending', 'success', 'error', 'failure', 'warning'].includes(state)) problems.push('unknown state')
    if (problems.length > 0) return refusal(422, problems.join(', '))
    // routers/api/v1/repo/status.go has no other answer for it.
    if (!this.state.commits.has(commit))
      return refusal(500, `GetCommit[${commit}]: object does not exist [id: ${commit}, rel_path: ]`)
    const url = target_url || null
    this.state.statuses.push({ commit, context, state: state as 'pending', description, url })
    return { status: 201, body: { id: this.state.id(), status: state, context, description, target_url: target_url ?? '' } }
  }

  makeHook({ fields }: Asked): Answer {
    const problems = wrong(fields, {
      needs: { type: 'string', config: 'object' },
      may: { events: 'strings', active: 'boolean', branch_filter: 'string', authorization_header: 'string' },
    })
    const { type, active = false } = (fields ?? {}) as Record<string, string>
    if (!['gitea', 'gogs', 'slack', 'discord', 'forgejo'].includes(type ?? '')) problems.push(`Invalid hook type: ${type}`)
    const config = (fields?.config ?? {}) as Record<string, string>
    for (const key of ['url', 'content_type']) if (config[key] === undefined) problems.push(`Missing config option: ${key}`)
    problems.push(...this.wrongHook(fields))
    if (problems.length > 0) return refusal(422, problems.join(', '))
    const { url = '', secret = '' } = config
    // Whoever does not say so gets one that is off.
    const made = { id: this.state.id(), url, secret, events: eventsOf(fields), active: active as unknown as boolean }
    this.state.hooks.push(made)
    return { status: 201, body: shown(made) }
  }

  editHook(id: number, { fields }: Asked): Answer {
    const found = this.state.hooks.find((one) => one.id === id)
    if (!found) return refusal(404, "The target couldn't be found.")
    const problems = wrong(fields, {
      may: { config: 'object', events: 'strings', active: 'boolean', branch_filter: 'string', authorization_header: 'string' },
    })
    problems.push(...this.wrongHook(fields))
    if (problems.length > 0) return refusal(422, problems.join(', '))
    const { url, secret } = (fields?.config ?? {}) as Record<string, string>
    const active = fields?.active as boolean | undefined
    Object.assign(found, {
      events: eventsOf(fields),
      ...(url && { url }),
      ...(secret && { secret }),
      ...(active !== undefined && { active }),
    })
    return { status: 200, body: shown(found) }
  }

  wrongHook(fields: Asked['fields']): string[] {
    const config = (fields?.config ?? {}) as Record<string, string>
    const { url, content_type } = config
    return [
      ...wrong(config, { may: { url: 'string', content_type: 'string', secret: 'string', http_method: 'string' } }),
      ...(url !== undefined && !isLink(url) ? ['Invalid url'] : []),
      ...(content_type !== undefined && !['json', 'form'].includes(content_type) ? ['Invalid content type'] : []),
    ]
  }

  listPulls(asked: Asked): Answer {
    const state = asked.query.get('state') ?? 'open'
    if (!['open', 'closed', 'all'].includes(state)) return refusal(422, 'unknown state')
    return this.list(
      asked,
      this.state.open().map((pull) => this.pull(pull)),
      'total',
      'link',
    )
  }

  /** services/convert/pull.go: also for pull requests of forks that are gone, and of those pushed to refs/for/…. */
  pull({ number, title, body, commit, branch, isFork, isGone, isPushed, labels, updatedAt }: FakePull): unknown {
    const ours = { id: 4, full_name: `${this.state.owner}/${this.state.name}` }
    const own = { label: branch, ref: branch, sha: commit, repo_id: 4, repo: ours }
    const ref = `refs/pull/${number}/head`
    const pushed = { label: '', ref, sha: commit, repo_id: 4, repo: ours }
    const gone = { label: branch, ref, sha: commit, repo_id: -1, repo: null }
    const fork = { ...own, repo_id: 7000 + number, repo: { id: 7000 + number, full_name: `stranger/${this.state.name}` } }
    const head = isPushed ? pushed : isGone ? gone : isFork ? fork : own
    return {
      id: 900 + number,
      number,
      state: 'open',
      title,
      body,
      labels: labels.map((name) => ({ id: 1, name, color: 'f29513', exclusive: false, is_archived: false })),
      updated_at: new Date(updatedAt).toISOString().replace(/\.\d+Z$/, 'Z'),
      head,
      base: { label: 'main', ref: 'main', sha: commit, repo_id: 4, repo: ours },
    }
  }

  timeline(number: number, asked: Asked): Answer {
    if (!this.state.pulls.has(number)) return refusal(404, `issue does not exist [id: 0, repo_id: 4, index: ${number}]`)
    const entries = this.state.labelings
      .filter((one) => one.number === number)
      .map(({ id, label, isSet, by }) => ({
        id,
        type: 'label',
        body: isSet ? '1' : '',
        // Gitea's for accounts that are no more.
        user: by === null ? { id: -1, login: 'Ghost' } : { id: this.state.users.get(by)?.id ?? 0, login: by },
        label: { id: 1, name: label, color: 'f29513' },
      }))
    const talk = { id: 2, type: 'comment', body: '1', user: { id: 9, login: 'stranger' }, label: null }
    return this.list(asked, [talk, ...entries], 'page')
  }

  permission(login: string): Answer {
    const asksAll = this.state.access === 'admin'
    if (!asksAll)
      return refusal(
        403,
        'Only admins can query all permissions, repo admins can query all repo permissions, collaborators can query only their own',
      )
    const user = this.state.users.get(login)
    if (!user) return refusal(404, `user does not exist [uid: 0, name: ${login}]`)
    const permission = user.role === 'triage' ? 'read' : user.role
    return { status: 200, body: { permission, role_name: permission, user: { id: user.id, login } } }
  }

  /** `total`, `link`: what the list says of itself; `page`: that its total is the page's own. */
  list(asked: Asked, all: unknown[], ...says: Array<'total' | 'link' | 'page'>): Answer {
    const page = Number(asked.query.get('page') ?? 1)
    const size = Math.min(Number(asked.query.get('limit') ?? 30), 50, this.server?.pageSize ?? 50)
    const { entries, headers } = pageOf(all, { page, size, at: (number) => `https://gitea.internal${asked.url}&page=${number}` })
    const count = says.includes('page') ? entries.length : all.length
    const body = entries.length === 0 && says.includes('page') ? null : entries
    return { status: 200, body, headers: { ...(says.includes('link') && headers), 'x-total-count': String(count) } }
  }
}

function eventsOf(fields: Asked['fields']): string[] {
  const events = (fields?.events ?? []) as string[]
  return events.length === 0 ? ['push'] : events
}

function shown({ id, url, events, active }: FakeHook): unknown {
  return { id, type: 'gitea', branch_filter: '', config: { content_type: 'json', url }, events, authorization_header: '', active }
}

const refusal = (status: number, message: string): Answer => ({
  status,
  body: { message, url: 'https://gitea.internal/api/swagger' },
})
