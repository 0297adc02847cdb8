/** Deliveries as the forges make them: their documented headers and payloads (test/fixtures/hooks), signed as each of them signs. */
import { createHmac } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const fixtures = join(import.meta.dirname, '../../fixtures/hooks')

export type Sender = 'github' | 'gitea' | 'forgejo' | 'gitlab' | 'bitbucket' | 'generic'

export interface Delivery {
  headers: Record<string, string>
  body: string
}

/** Names of the fixtures of a forge: push, tag, delete, ping, … */
export const namesOf = (sender: Sender): string[] => readdirSync(join(fixtures, sender)).map((name) => name.replace('.json', ''))

/** A delivery without a signature. */
export function fixture(sender: Sender, name: string): Delivery {
  const { headers, body } = JSON.parse(readFileSync(join(fixtures, sender, `${name}.json`), 'utf8'))
  return { headers, body: JSON.stringify(body) }
}

export const hex = (secret: string, body: string, algorithm = 'sha256') =>
  createHmac(algorithm, secret).update(body).digest('hex')

/** The headers that prove where a body comes from, in each form there is. */
export const signers: Record<string, (secret: string, body: string, at?: number) => Record<string, string>> = {
  github: (secret, body) => ({
    'x-hub-signature': `sha1=${hex(secret, body, 'sha1')}`,
    'x-hub-signature-256': `sha256=${hex(secret, body)}`,
  }),
  gitea: (secret, body) => ({
    'x-gitea-signature': hex(secret, body),
    'x-gogs-signature': hex(secret, body),
    'x-hub-signature': `sha1=${hex(secret, body, 'sha1')}`,
    'x-hub-signature-256': `sha256=${hex(secret, body)}`,
  }),
  forgejo: (secret, body) => ({ 'x-forgejo-signature': hex(secret, body), ...signers.gitea?.(secret, body) }),
  gitlab: (secret) => ({ 'x-gitlab-token': secret }),
  bitbucket: (secret, body) => ({ 'x-hub-signature': `sha256=${hex(secret, body)}` }),
  generic: (secret, body) => ({ 'x-trimtab-signature-256': `sha256=${hex(secret, body)}` }),
  standard: (secret, body, at = Date.now()) => standard(secret, body, 'msg_2KWPBgLlAfxdpx2AI54pPJ85f4W', Math.floor(at / 1000)),
}

export function standard(secret: string, body: string, id: string, seconds: number): Record<string, string> {
  const key = secret.startsWith('whsec_') ? Buffer.from(secret.slice(6), 'base64') : secret
  const signature = createHmac('sha256', key).update(`${id}.${seconds}.${body}`).digest('base64')
  return { 'webhook-id': id, 'webhook-timestamp': String(seconds), 'webhook-signature': `v1,${signature}` }
}

/** As the forge would send it. */
export function signed(sender: Sender, name: string, secret: string, by: string = sender): Delivery {
  const { headers, body } = fixture(sender, name)
  return { headers: { ...headers, ...signers[by]?.(secret, body) }, body }
}
