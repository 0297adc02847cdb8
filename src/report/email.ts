/** News as an email: plain text, with nothing of an app in its headers but what is on one line. */
import { isIPv4 } from 'node:net'
import type { News, NotifySpec } from '../domain.ts'
import { beginning, oneLine } from '../text.ts'
import { messageOf } from './message.ts'
import { idOf } from './webhook.ts'

type EmailSpec = Extract<NotifySpec, { kind: 'email' }>

export interface Email {
  from: string
  to: string[]
  subject: string
  text: string
  messageId: string
  date: Date
  headers: Record<string, string>
}

export function emailOf(news: News, { from, to }: EmailSpec): Email {
  const { title, lines, details } = messageOf(news)
  const facts = [
    `app:     ${news.app}`,
    `commit:  ${news.commit}`,
    `at:      ${new Date(news.at).toISOString()}`,
    `address: ${news.url ?? 'none'}`,
  ]
  const parts = [title, lines.join('\n'), details, facts.join('\n')]
  const domain = from.slice(from.lastIndexOf('@') + 1)
  return {
    from,
    to,
    subject: beginning(`[trimtab] ${oneLine(title)}`, 200),
    text: `${parts.filter((part) => part !== '').join('\n\n')}\n`,
    // The same for every try, so that a mail that came twice is seen to be one.
    messageId: `<${idOf(news)}@${domain}>`,
    date: new Date(news.at),
    // RFC 3834, section 5: nobody's holiday answers it.
    headers: { 'Auto-Submitted': 'auto-generated' },
  }
}

export interface SmtpOptions {
  host: string
  port: number
  /** TLS from the first byte; else STARTTLS where it is offered. */
  secure: boolean
  requireTLS: boolean
  auth?: { user: string; pass: string }
  /** Nobody is in between on the way to this machine itself, and its mail server has most often a certificate of its own making. */
  tls?: { rejectUnauthorized: false }
}

/** A password is never sent in the clear to another machine: without TLS there is no mail. */
export function smtpOptions({ server, username, password }: EmailSpec): SmtpOptions {
  const { protocol, hostname, port } = new URL(server)
  const secure = protocol === 'smtps:'
  const host = hostname.replace(/^\[|\]$/g, '')
  const isHere = host === 'localhost' || host === '::1' || (isIPv4(host) && host.startsWith('127.'))
  const auth = username === undefined && password === undefined ? {} : { auth: { user: username ?? '', pass: password ?? '' } }
  return {
    host,
    port: port === '' ? (secure ? 465 : 'auth' in auth ? 587 : 25) : Number(port),
    secure,
    requireTLS: !secure && 'auth' in auth && !isHere,
    ...auth,
    ...(isHere && { tls: { rejectUnauthorized: false } }),
  }
}
