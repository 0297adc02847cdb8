/**
 * News as a signed webhook. Headers and signature are those of Standard Webhooks 1.0.0:
 * https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
 */
import { createHash, createHmac } from 'node:crypto'
import type { News } from '../domain.ts'

export interface WebhookRequest {
  headers: Record<string, string>
  body: string
}

/** `at`: of this try, ms. The id stays the same for every try of the same news: receivers know a double by it. */
export function webhookRequest(news: News, secret: string, at: number): WebhookRequest {
  const body = JSON.stringify(payload(news))
  const id = idOf(news)
  const timestamp = String(Math.floor(at / 1000))
  const signature = createHmac('sha256', keyOf(secret)).update(`${id}.${timestamp}.${body}`).digest('base64')
  return {
    headers: {
      'content-type': 'application/json',
      'webhook-id': id,
      'webhook-timestamp': timestamp,
      'webhook-signature': `v1,${signature}`,
    },
    body,
  }
}

function payload({ kind, app, commit, at, serving, failure, url }: News) {
  return { type: `app.${kind}`, timestamp: new Date(at).toISOString(), data: { app, commit, serving, failure, url } }
}

export function idOf(news: News): string {
  return `msg_${createHash('sha256')
    .update(JSON.stringify(payload(news)))
    .digest('hex')
    .slice(0, 32)}`
}

/** `whsec_` and base64 as the specification has it; any other secret is taken as it is. */
function keyOf(secret: string): Buffer {
  const encoded = /^whsec_([A-Za-z0-9+/]+=*)$/.exec(secret)?.[1]
  return encoded === undefined ? Buffer.from(secret) : Buffer.from(encoded, 'base64')
}
