import { describe, expect, it } from 'vitest'
import { Proof, readClaims } from '../../../src/http/hooks/signature.ts'
import { signers, standard } from './delivery.ts'

const NOW = 1_700_000_000_000
const SECRET = 'a secret'
const BODY = '{"ref":"refs/heads/main"}'

/** The body comes in pieces, cut anywhere. */
function verdict(headers: Record<string, string>, { secrets = [SECRET], body = BODY, now = NOW } = {}): boolean | string {
  const claims = readClaims(headers, now)
  if (typeof claims === 'string') return claims
  const proof = new Proof(claims, secrets)
  for (let at = 0; at < body.length; at += 7) proof.update(Buffer.from(body.slice(at, at + 7)))
  return proof.holds()
}

describe('signatures that are published', () => {
  it("GitHub's: docs.github.com, Validating webhook deliveries", () => {
    const headers = { 'x-hub-signature-256': 'sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17' }
    expect(verdict(headers, { secrets: ["It's a Secret to Everybody"], body: 'Hello, World!' })).toBe(true)
  })

  it("Gitea's form: RFC 4231, test case 2", () => {
    const headers = { 'x-gitea-signature': '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843' }
    expect(verdict(headers, { secrets: ['Jefe'], body: 'what do ya want for nothing?' })).toBe(true)
  })

  it("Standard Webhooks': the test of its libraries", () => {
    const headers = {
      'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      'webhook-timestamp': '1614265330',
      'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    }
    const given = { secrets: ['whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'], body: '{"test": 2432232314}', now: 1_614_265_330_000 }
    expect(verdict(headers, given)).toBe(true)
  })
})

describe('a signature', () => {
  const forms = Object.entries(signers).map(([form, sign]) => ({ form, sign }))

  it.each(forms)('$form: right, of another secret, of another body, one of several secrets', ({ form, sign }) => {
    const headers = sign(SECRET, BODY, NOW)
    expect(verdict(headers)).toBe(true)
    expect(verdict(headers, { secrets: ['another'] })).toBe(false)
    expect(verdict(headers, { secrets: ['another', SECRET, 'a third'] })).toBe(true)
    // GitLab's token signs nothing: it is why there is the other form.
    expect(verdict(headers, { body: `${BODY} ` })).toBe(form === 'gitlab')
  })

  it('of two forms: both have to be right', () => {
    const [github, gitlab] = [signers.github?.(SECRET, BODY), signers.gitlab?.(SECRET, BODY)]
    expect(verdict({ ...github, ...gitlab })).toBe(true)
    expect(verdict({ ...github, 'x-gitlab-token': 'another' })).toBe(false)
    expect(verdict({ ...github, 'x-hub-signature': `sha1=${'0'.repeat(40)}` })).toBe(false)
    // Each of them right, but by different secrets.
    expect(verdict({ ...github, 'x-gitlab-token': 'another' }, { secrets: [SECRET, 'another'] })).toBe(false)
  })

  it('of SHA-1 alone, or none, is none', () => {
    const { 'x-hub-signature': sha1 = '' } = signers.github?.(SECRET, BODY) ?? {}
    expect(verdict({ 'x-hub-signature': sha1 })).toBe('it carries no signature')
    expect(verdict({})).toBe('it carries no signature')
  })

  it.each([
    ['x-hub-signature-256', 'sha256='],
    ['x-hub-signature-256', 'sha512=00'],
    ['x-hub-signature-256', '0'.repeat(64)],
    ['x-hub-signature-256', `sha256=${'0'.repeat(63)}`],
    ['x-hub-signature-256', `sha256=${'0'.repeat(64)}, sha256=${'0'.repeat(64)}`],
    ['x-gitea-signature', ''],
    ['x-gitea-signature', `sha256=${'0'.repeat(64)}`],
    ['x-forgejo-signature', '0'.repeat(40)],
    ['x-trimtab-signature-256', `sha256=${'é'.repeat(64)}`],
  ])('%s: %j is none, whatever else there is', (name, value) => {
    expect(verdict({ ...signers.gitlab?.(SECRET, BODY), [name]: value })).toBe(`${name} is no signature`)
  })
})

describe('a signed time', () => {
  it('is good for five minutes, in both directions', () => {
    for (const [offset, isGood] of [
      [-299, true],
      [299, true],
      [-301, false],
      [301, false],
    ] as const) {
      const given = verdict(standard(SECRET, BODY, 'msg_1', NOW / 1000 + offset))
      expect(given, String(offset)).toBe(isGood ? true : 'webhook-timestamp is not of the last five minutes')
    }
  })

  it('is signed: another one does not fit', () => {
    expect(verdict({ ...standard(SECRET, BODY, 'msg_1', NOW / 1000), 'webhook-timestamp': String(NOW / 1000 + 1) })).toBe(false)
    expect(verdict({ ...standard(SECRET, BODY, 'msg_1', NOW / 1000), 'webhook-id': 'msg_2' })).toBe(false)
  })

  it('comes with several signatures while a secret is changed', () => {
    const old = standard('the old one', BODY, 'msg_1', NOW / 1000)['webhook-signature']
    const headers = standard(SECRET, BODY, 'msg_1', NOW / 1000)
    expect(verdict({ ...headers, 'webhook-signature': `v1a,abc ${old} ${headers['webhook-signature']}` })).toBe(true)
    expect(verdict({ ...headers, 'webhook-signature': `${old}` })).toBe(false)
  })

  it.each([
    [{ 'webhook-id': undefined }, 'webhook-id or webhook-timestamp is missing'],
    [{ 'webhook-timestamp': undefined }, 'webhook-id or webhook-timestamp is missing'],
    [{ 'webhook-timestamp': '1e9' }, 'webhook-id or webhook-timestamp is missing'],
    [{ 'webhook-signature': 'v1,short=' }, 'webhook-signature is no signature'],
    [{ 'webhook-signature': '' }, 'webhook-signature is no signature'],
  ])('%j is none', (change, why) => {
    const headers = Object.entries({ ...standard(SECRET, BODY, 'msg_1', NOW / 1000), ...change })
    expect(verdict(Object.fromEntries(headers.filter(([, value]) => value !== undefined)) as Record<string, string>)).toBe(why)
  })
})
