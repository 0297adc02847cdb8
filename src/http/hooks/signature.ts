/**
 * Whether a delivery comes from somebody who knows the secret. The body is hashed as it passes by and never kept, so nothing of
 * it can be parsed before its signature has been found to be right, nor after.
 */
import { createHash, createHmac, type Hmac, timingSafeEqual } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'

/** The signatures that a request carries, of whatever forms. All of them have to be right. */
export interface Claims {
  /** HMAC-SHA256 of the body. */
  sha256: Buffer[]
  /** HMAC-SHA1 of the body, which GitHub and Gitea send besides: proves nothing by itself. */
  sha1: Buffer[]
  /** The secret itself. */
  token: string | null
  /** HMAC-SHA256 of id, time and body. One of several signatures is enough: secrets are changed that way. */
  standard: { before: string; signatures: Buffer[] } | null
}

/** As the forges' own libraries have it, in both directions. */
const OLDEST_MS = 5 * 60_000

/** Bare hexadecimal: Gitea and Forgejo (services/webhook/deliver.go). */
const BARE = ['x-gitea-signature', 'x-forgejo-signature', 'x-gogs-signature']
/**
 * With the algorithm in front. GitHub: https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries;
 * Bitbucket's x-hub-signature is sha256: https://support.atlassian.com/bitbucket-cloud/docs/manage-webhooks/
 */
const NAMED = ['x-hub-signature-256', 'x-hub-signature', 'x-trimtab-signature-256']

/** In words: why there is nothing to be verified. */
export function readClaims(headers: IncomingHttpHeaders, now: number): Claims | string {
  const claims: Claims = { sha256: [], sha1: [], token: null, standard: null }
  for (const name of [...BARE, ...NAMED]) {
    const value = headers[name]
    if (value === undefined) continue
    const [, algorithm = 'sha256', hex = ''] = /^(?:(sha1|sha256)=)?([0-9a-f]+)$/i.exec(String(value)) ?? []
    const isFormed = BARE.includes(name) === /^[0-9a-f]+$/i.test(String(value))
    if (!isFormed || hex.length !== (algorithm === 'sha1' ? 40 : 64)) return `${name} is no signature`
    claims[algorithm as 'sha1' | 'sha256'].push(Buffer.from(hex, 'hex'))
  }
  const token = headers['x-gitlab-token']
  if (token !== undefined) claims.token = String(token)
  const standard = readStandard(headers, now)
  if (typeof standard === 'string') return standard
  claims.standard = standard
  if (claims.sha256.length === 0 && claims.token === null && standard === null) return 'it carries no signature'
  return claims
}

/**
 * https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md; GitLab's signing token is this:
 * https://gitlab.com/gitlab-org/gitlab/-/merge_requests/230944
 */
function readStandard(headers: IncomingHttpHeaders, now: number): Claims['standard'] | string {
  const { 'webhook-id': id, 'webhook-timestamp': time, 'webhook-signature': signature } = headers
  if (signature === undefined) return null
  if (typeof id !== 'string' || typeof time !== 'string' || !/^\d{1,12}$/.test(time))
    return 'webhook-id or webhook-timestamp is missing'
  if (Math.abs(now - Number(time) * 1000) > OLDEST_MS) return 'webhook-timestamp is not of the last five minutes'
  const signatures = String(signature)
    .split(' ')
    .flatMap((one) => /^v1,([A-Za-z0-9+/]{43}=)$/.exec(one)?.[1] ?? [])
    .map((text) => Buffer.from(text, 'base64'))
  if (signatures.length === 0 || signatures.length > 20) return 'webhook-signature is no signature'
  return { before: `${id}.${time}.`, signatures }
}

/** The claims of one delivery, held against each of the secrets that it may be signed with. */
export class Proof {
  readonly #claims: Claims
  readonly #secrets: Array<{ secret: string; sha256: Hmac | null; sha1: Hmac | null; standard: Hmac | null }>

  constructor(claims: Claims, secrets: string[]) {
    this.#claims = claims
    this.#secrets = secrets.map((secret) => ({
      secret,
      sha256: claims.sha256.length > 0 ? createHmac('sha256', secret) : null,
      sha1: claims.sha1.length > 0 ? createHmac('sha1', secret) : null,
      standard: claims.standard && createHmac('sha256', standardKey(secret)).update(claims.standard.before),
    }))
  }

  /** The next bytes of the body. */
  update(bytes: Buffer): void {
    for (const { sha256, sha1, standard } of this.#secrets) {
      sha256?.update(bytes)
      sha1?.update(bytes)
      standard?.update(bytes)
    }
  }

  /** At the body's end, once. Takes as long for the first secret as for the last. */
  holds(): boolean {
    const { sha256, sha1, token, standard } = this.#claims
    const verdicts = this.#secrets.map((one) => {
      const [bySha256, bySha1, byStandard] = [one.sha256?.digest(), one.sha1?.digest(), one.standard?.digest()]
      return [
        ...sha256.map((given) => bySha256 !== undefined && timingSafeEqual(given, bySha256)),
        ...sha1.map((given) => bySha1 !== undefined && timingSafeEqual(given, bySha1)),
        ...(token === null ? [] : [sameText(token, one.secret)]),
        ...(standard ? [standard.signatures.filter((given) => byStandard && timingSafeEqual(given, byStandard)).length > 0] : []),
      ].every((isRight) => isRight)
    })
    return verdicts.includes(true)
  }
}

/** A secret that begins so is a key in base64; any other is the key itself. */
function standardKey(secret: string): Buffer | string {
  const encoded = /^whsec_([A-Za-z0-9+/]+={0,2})$/.exec(secret)?.[1]
  return encoded === undefined ? secret : Buffer.from(encoded, 'base64')
}

/** Of any length, in a time that tells nothing. */
function sameText(given: string, secret: string): boolean {
  const [one, other] = [given, secret].map((text) => createHash('sha256').update(text).digest())
  return one !== undefined && other !== undefined && timingSafeEqual(one, other)
}
