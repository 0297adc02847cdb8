/**
 * POST /hooks/<app or repository id>. A delivery says "look again" and nothing else: it is taken if its signature is right, and
 * answered before anything is done. Whoever cannot sign learns nothing, not even which apps there are.
 */
import { randomBytes } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { HookEvent, HookTarget } from '../../config/hooks.ts'
import type { HooksSpec } from '../../domain.ts'
import { readBody } from './body.ts'
import { hookEvent } from './event.ts'
import { Rate } from './rate.ts'
import { Proof, readClaims } from './signature.ts'

export interface Hooks {
  /** As the platform is declared now; null: nobody of this name takes deliveries. */
  find(name: string): HookTarget | null
  limits(): Pick<HooksSpec, 'bytes' | 'perMinute'>
  /** A delivery whose signature is right; it has been answered. */
  received(target: HookTarget, event: HookEvent): void
  /** One for somebody who does take deliveries was refused, and why. */
  refused(name: string, why: string): void
}

const TYPES = /^application\/(?:[\w.+-]*json|x-www-form-urlencoded)\s*(?:;|$)/i
const WRONG = 'The signature is not right for this address, or nothing takes deliveries here. "trimtab webhook <app>" shows both.'
/** What is still under way of a refused delivery is thrown away for so long; who goes on then is cut off. */
const LINGER_MS = 1_000

export function serveHooks(app: FastifyInstance, hooks: Hooks, now: () => number = Date.now): void {
  const rate = new Rate(now)
  // Nobody knows it: a name that is not there costs as much as a signature that is wrong.
  const nobodys = randomBytes(32).toString('hex')

  void app.register(async (scope) => {
    scope.removeAllContentTypeParsers()
    // As it comes, and not before it is known whether it is wanted.
    scope.addContentTypeParser('*', (_request, payload, done) => done(null, payload))
    scope.addHook('onRequest', async (request, reply) => {
      if (request.method !== 'POST') return refuse(request, reply, 405, 'Deliveries are POST requests.', { allow: 'POST' })
      const { bytes, perMinute } = hooks.limits()
      const wait = rate.take(request.ip, perMinute)
      if (wait > 0) return refuse(request, reply, 429, 'Too many deliveries from this address.', { 'retry-after': String(wait) })
      const { headers } = request
      const why = unsuited(request)
      if (why !== null) return refuse(request, reply, 415, why)
      if (Number(headers['content-length'] ?? 0) > bytes) return tooLarge(request, reply, bytes)
    })
    scope.all<{ Params: { name: string } }>('/hooks/:name', async (request, reply) => {
      const { name } = request.params
      const target = hooks.find(name)
      const claims = readClaims(request.headers, now())
      const proof = typeof claims === 'string' ? null : new Proof(claims, target?.secrets ?? [nobodys])
      const end = await readBody(request.raw, hooks.limits().bytes, (piece) => proof?.update(piece))
      if (end === 'too large') {
        if (target) hooks.refused(name, `it is larger than ${hooks.limits().bytes} bytes`)
        return tooLarge(request, reply, hooks.limits().bytes)
      }
      if (end === 'broken') return reply.code(400).send({ error: { code: 'Usage', message: 'The delivery ended too early.' } })
      const isProven = proof?.holds() === true
      if (!target || !isProven) {
        if (target) hooks.refused(name, typeof claims === 'string' ? claims : 'its signature is wrong')
        return refuse(request, reply, 401, WRONG)
      }
      const event = hookEvent(request.headers)
      // Not before the answer is on its way.
      setImmediate(() => hooks.received(target, event))
      return reply.code(event.kind === 'refs' || event.kind === 'pullRequest' ? 202 : 200).send(answerTo(event))
    })
  })
}

function answerTo({ kind, name }: HookEvent): object {
  if (kind === 'refs' || kind === 'pullRequest') return { queued: true }
  if (kind === 'ping') return { queued: false, message: 'The webhook works.' }
  return { queued: false, message: `${name} is not needed here: pushes are, and pull requests for previews.` }
}

/** Why no body of this kind is taken, or null. */
function unsuited({ headers }: FastifyRequest): string | null {
  const { 'content-encoding': encoding, 'content-type': type = '' } = headers
  if (encoding !== undefined && encoding !== 'identity') return 'Compressed deliveries are not taken.'
  if (!TYPES.test(type)) return 'Deliveries are application/json, or application/x-www-form-urlencoded.'
  // They sign a form's content and not what they send (services/webhook/deliver.go), which nobody could verify without reading it.
  const isForm = /^application\/x-www/i.test(type)
  if (isForm && headers['x-gitea-signature'] !== undefined)
    return 'Choose application/json for this webhook: its forms are not signed as they are sent.'
  return null
}

function tooLarge(request: FastifyRequest, reply: FastifyReply, bytes: number): FastifyReply {
  return refuse(
    request,
    reply,
    413,
    `Deliveries of more than ${bytes} bytes are not taken; the next poll finds what they announce.`,
  )
}

function refuse(
  request: FastifyRequest,
  reply: FastifyReply,
  status: number,
  message: string,
  headers: Record<string, string> = {},
) {
  letGo(request.raw)
  return reply
    .code(status)
    .headers(headers)
    .send({ error: { code: 'Usage', message } })
}

/** Node reads on and throws away, so that the sender gets to hear the answer. */
function letGo(request: IncomingMessage): void {
  if (request.complete) return
  const timer = setTimeout(() => {
    if (!request.complete) request.socket.destroy()
  }, LINGER_MS)
  request.once('close', () => clearTimeout(timer))
}
