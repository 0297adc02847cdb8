/**
 * GitHub's API as far as an App needs it to get a token, and as strict: api.github.com's "Get a repository installation for the
 * authenticated app" and "Create an installation access token for an app", and "Generating a JSON Web Token (JWT) for a GitHub App".
 */
import { createPublicKey, generateKeyPairSync, randomBytes, verify } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface FakeGithub {
  /** Of its API, without a slash at the end. */
  api: string
  clientId: string
  /** PEM. */
  privateKey: string
  /** `owner/name` of what the App is installed on, with the installation's id. */
  installed: Map<string, number>
  /** Tokens that open something now, and what. */
  tokens: Map<string, { repository: string; until: number; permissions: Record<string, string> }>
  requests: string[]
  /** What whoever installed it granted. */
  granted: Record<string, string>
  /** Suspended by whoever has installed it. */
  suspended: boolean
  /** Says what it would, elsewhere. */
  answer(request: Pick<IncomingMessage, 'method' | 'url' | 'headers'>, text: string): Answer
  close(): Promise<void>
}

export interface Answer {
  status: number
  body: object
}

const refuse = (status: number, message: string): Answer => ({
  status,
  body: { message, documentation_url: 'https://docs.github.com/rest' },
})

export async function startFakeGithub(now: () => number): Promise<FakeGithub> {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  })
  const server = createServer((request, response) => void serve(request, response))
  const github: FakeGithub = {
    api: '',
    clientId: 'Iv1.0123456789abcdef',
    privateKey,
    installed: new Map(),
    tokens: new Map(),
    requests: [],
    granted: { metadata: 'read', contents: 'read' },
    suspended: false,
    answer,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    github.requests.push(`${request.method} ${request.url}`)
    const { status, body } = answer(request, Buffer.concat(chunks).toString())
    response.writeHead(status, { 'content-type': 'application/json; charset=utf-8' }).end(JSON.stringify(body))
  }

  function answer({ method, url = '', headers }: Pick<IncomingMessage, 'method' | 'url' | 'headers'>, text: string): Answer {
    if (!headers['user-agent'])
      return refuse(403, 'Request forbidden by administrative rules. Please make sure your request has a User-Agent header.')
    const jwt = jwtProblem(headers.authorization ?? '')
    if (jwt !== null) return refuse(401, jwt)
    const repository = /^\/repos\/([^/]+\/[^/]+)\/installation$/.exec(url)?.[1]
    if (method === 'GET' && repository !== undefined) {
      const id = github.installed.get(decodeURIComponent(repository))
      return id === undefined ? refuse(404, 'Not Found') : { status: 200, body: { id, app_slug: 'trimtab' } }
    }
    const id = /^\/app\/installations\/(\d+)\/access_tokens$/.exec(url)?.[1]
    if (method === 'POST' && id !== undefined) return token(Number(id), text)
    return refuse(404, 'Not Found')
  }

  function token(id: number, text: string): Answer {
    const names = [...github.installed].filter(([, installation]) => installation === id).map(([name]) => name)
    if (names.length === 0) return refuse(404, 'Not Found')
    if (github.suspended) return refuse(403, 'This installation has been suspended')
    const { repositories, permissions } = JSON.parse(text) as { repositories?: string[]; permissions?: Record<string, string> }
    const wanted = repositories ?? []
    const mine = names.filter((name) => wanted.includes(name.split('/')[1] ?? ''))
    if (wanted.length === 0 || mine.length !== wanted.length)
      return refuse(422, 'There is at least one repository that does not exist or is not accessible to the parent installation.')
    if (Object.entries(permissions ?? {}).some(([name, level]) => github.granted[name] !== level))
      return refuse(422, 'The permissions requested are not granted to this installation.')
    const made = `ghs_${randomBytes(18).toString('hex')}`
    const until = now() + 3_600_000
    github.tokens.set(made, { repository: mine[0] ?? '', until, permissions: permissions ?? github.granted })
    const expires_at = new Date(until).toISOString().replace(/\.\d+/, '')
    return {
      status: 201,
      body: { token: made, expires_at, permissions: permissions ?? github.granted, repository_selection: 'selected' },
    }
  }

  /** Why GitHub refuses it, in its words; null: it does not. */
  function jwtProblem(authorization: string): string | null {
    const [head = '', claims = '', signature = ''] = (/^Bearer (\S+)$/.exec(authorization)?.[1] ?? '').split('.')
    const isSigned = verify(
      'RSA-SHA256',
      Buffer.from(`${head}.${claims}`),
      createPublicKey(publicKey),
      Buffer.from(signature, 'base64url'),
    )
    if (!isSigned) return 'A JSON web token could not be decoded'
    const parse = (part: string) => JSON.parse(Buffer.from(part, 'base64url').toString()) as Record<string, unknown>
    const { iat, exp, iss } = parse(claims)
    const seconds = now() / 1000
    if (parse(head).alg !== 'RS256') return 'A JSON web token could not be decoded'
    if (iss !== github.clientId) return 'Integration not found'
    if (typeof iat !== 'number' || iat > seconds)
      return "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued"
    if (typeof exp !== 'number' || exp <= seconds)
      return "'Expiration time' claim ('exp') must be a numeric value representing the future time at which the assertion expires"
    return exp > seconds + 600 || exp - iat > 660 ? "'Expiration time' claim ('exp') is too far in the future" : null
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  github.api = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return github
}
