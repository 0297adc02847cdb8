/**
 * Bitbucket Cloud's REST API as far as trimtab uses it, after developer.atlassian.com/cloud/bitbucket/rest/ and its OpenAPI
 * description. What it would refuse is refused, in its form. Its labels are what a title has in brackets.
 */
import { type Answer, Api, type Asked } from './server.ts'
import type { FakeHook, FakePull, Role } from './state.ts'
import { isLink, length, type Shape, wrong } from './strict.ts'

const MAY: Record<Role, number> = { none: 0, read: 1, triage: 1, write: 3, admin: 4 }
const EVENTS = ['repo:push', ...['created', 'updated', 'fulfilled', 'rejected', 'approved'].map((one) => `pullrequest:${one}`)]
const OURS = '{6b6f1f1c-0000-4000-8000-000000000001}'

export class Bitbucket extends Api {
  readonly base = '/2.0'
  /** Commit and key of each status → its name. */
  readonly keys = new Map<string, string>()

  /** It does not say for how long: https://support.atlassian.com/bitbucket-cloud/docs/api-request-limits/ */
  limited(): Answer {
    return {
      status: 429,
      body: { type: 'error', error: { message: 'Rate limit for this resource has been exceeded' } },
    }
  }

  answer(asked: Asked): Answer {
    const { headers, parts, method } = asked
    const { state } = this
    const basic = Buffer.from(`ops@example.com:${state.token}`).toString('base64')
    if (![`Bearer ${state.token}`, `Basic ${basic}`].includes(headers.authorization ?? ''))
      return refusal(401, 'Token is invalid, expired, or not supported for this endpoint.')
    if (asked.body !== '' && !String(headers['content-type']).startsWith('application/json'))
      return refusal(415, 'Unsupported media type')
    if (asked.body !== '' && asked.fields === null) return refusal(400, 'Bad request', 'body is no JSON')
    const [top, owner, name, ...rest] = parts
    if (top !== 'repositories' || owner !== state.owner || name !== state.name || state.access === 'none')
      return refusal(404, `Repository ${owner}/${name} not found`)
    const route = `${method} /${rest.map((part, index) => (index === 1 ? ':' : part)).join('/')}`
    switch (route) {
      case 'POST /commit/:/statuses/build':
        return this.may('write') ?? this.setStatus(rest[1] ?? '', asked)
      case 'GET /commit/:':
        return this.commit(rest[1] ?? '')
      case 'GET /hooks':
        return this.may('admin') ?? this.list(asked, state.hooks.map(shown), 100)
      case 'POST /hooks':
        return this.may('admin') ?? this.makeHook(asked)
      case 'PUT /hooks/:':
        return this.may('admin') ?? this.editHook(rest[1] ?? '', asked)
      case 'GET /pullrequests':
        return this.listPulls(asked)
      default:
        return refusal(404, 'Resource not found')
    }
  }

  may(role: Role): Answer | null {
    return MAY[this.state.access] < MAY[role]
      ? refusal(403, 'Your credentials lack one or more required privilege scopes.')
      : null
  }

  setStatus(commit: string, { fields }: Asked): Answer {
    const may: Shape['may'] = { name: 'string', description: 'string', refname: 'string' }
    const problems = wrong(fields, { needs: { key: 'string', state: 'string', url: 'string' }, may })
    const { key = '', state = '', url = '', name = key, description = '' } = (fields ?? {}) as Record<string, string>
    const plain = ({ INPROGRESS: 'pending', SUCCESSFUL: 'success', FAILED: 'failure', STOPPED: 'failure' } as const)[state]
    if (plain === undefined) problems.push('state: Invalid value.')
    if (length(key) > 40) problems.push('key: Ensure this value has at most 40 characters.')
    for (const [what, text] of Object.entries({ name, description }))
      if (length(text) > 255) problems.push(`${what}: Ensure this value has at most 255 characters.`)
    if (!isLink(url)) problems.push('url: Enter a valid URL.')
    if (problems.length > 0) return refusal(400, 'Bad request', problems.join(' '))
    if (!this.state.commits.has(commit)) return refusal(404, `Commit not found: ${commit}`)
    // The same key is the same status, and is overwritten.
    const others = this.keys.get(`${commit} ${key}`)
    if (others !== undefined && others !== name) return refusal(400, 'Bad request', 'this key is of another status')
    this.keys.set(`${commit} ${key}`, name)
    this.state.statuses.push({ commit, context: name, state: plain ?? 'pending', description, url })
    return { status: 201, body: { type: 'build', key, state, url, name, description } }
  }

  commit(short: string): Answer {
    const hash = [...this.state.commits].find((one) => one.startsWith(short))
    return hash ? { status: 200, body: { hash } } : refusal(404, `Commit not found: ${short}`)
  }

  makeHook({ fields }: Asked): Answer {
    const problems = wrongHook(fields)
    if (problems) return problems
    const made = { id: this.state.id(), secret: '', active: true, url: '', events: [], ...hookOf(fields) }
    this.state.hooks.push(made)
    return { status: 201, body: shown(made) }
  }

  editHook(uuid: string, { fields }: Asked): Answer {
    const found = this.state.hooks.find((one) => uuidOf(one.id) === uuid)
    if (!found) return refusal(404, 'Webhook not found')
    const problems = wrongHook(fields)
    if (problems) return problems
    Object.assign(found, hookOf(fields))
    return { status: 200, body: shown(found) }
  }

  listPulls(asked: Asked): Answer {
    const states = asked.query.getAll('state')
    if (states.some((state) => !['OPEN', 'MERGED', 'DECLINED', 'SUPERSEDED'].includes(state)))
      return refusal(400, 'Invalid state')
    return this.list(asked, this.state.open().map(shownPull), 50)
  }

  list(asked: Asked, all: unknown[], most: number): Answer {
    const size = Number(asked.query.get('pagelen') ?? 10)
    if (!(size >= 1 && size <= most)) return refusal(400, 'Invalid pagelen')
    const length = Math.min(size, this.server?.pageSize ?? most)
    const page = Number(asked.query.get('page') ?? 1)
    const values = all.slice((page - 1) * length, page * length)
    const url = new URL(asked.url, this.server?.origin)
    url.searchParams.set('page', String(page + 1))
    const next = page * length < all.length ? { next: url.href } : {}
    return { status: 200, body: { pagelen: length, size: all.length, page, values, ...next } }
  }
}

function shownPull({ number, title, commit, branch, isFork, isGone, labels, updatedAt }: FakePull): unknown {
  const repository = (uuid: string) => ({ type: 'repository', uuid })
  const theirs = isGone ? null : repository(`{6b6f1f1c-0000-4000-8000-${String(7000 + number).padStart(12, '0')}}`)
  const missing = labels.filter((label) => !title.includes(`[${label}]`))
  return {
    id: number,
    title: [...missing.map((label) => `[${label}]`), title].join(' '),
    state: 'OPEN',
    updated_on: new Date(updatedAt).toISOString().replace('Z', '+00:00'),
    source: { branch: { name: branch }, commit: { hash: commit.slice(0, 12) }, repository: isFork ? theirs : repository(OURS) },
    destination: { branch: { name: 'main' }, commit: { hash: commit.slice(0, 12) }, repository: repository(OURS) },
  }
}

function wrongHook(fields: Asked['fields']): Answer | null {
  const problems = wrong(fields, {
    needs: { url: 'string', events: 'strings' },
    may: { description: 'string', active: 'boolean', secret: 'string', skip_cert_verification: 'boolean' },
  })
  if (!isLink(fields?.url)) problems.push('url: Enter a valid URL.')
  for (const event of (fields?.events ?? []) as string[])
    if (!EVENTS.includes(event)) problems.push(`events: ${event} is unknown`)
  return problems.length > 0 ? refusal(400, 'Bad request', problems.join(' ')) : null
}

function hookOf(fields: Asked['fields']): Partial<FakeHook> {
  const { url, events, active, secret } = (fields ?? {}) as unknown as FakeHook
  return { url, events, ...(active !== undefined && { active }), ...(secret !== undefined && { secret }) }
}

const uuidOf = (id: number) => `{0f1e2d3c-0000-4000-8000-${String(id).padStart(12, '0')}}`

function shown({ id, url, secret, events, active }: FakeHook): unknown {
  return { type: 'webhook_subscription', uuid: uuidOf(id), url, description: '', active, events, secret_set: secret !== '' }
}

const refusal = (status: number, message: string, detail?: string): Answer => ({
  status,
  body: { type: 'error', error: { message, ...(detail && { detail }) } },
})
