/** Brings one report to where it belongs. Addresses, tokens and secrets are looked up now: the platform's file is where they are. */
import type { NotifySpec } from '../../domain.ts'
import { TrimtabError } from '../../errors.ts'
import type { Forge, Report } from '../../ports.ts'
import { HttpClient } from '../../web/httpClient.ts'
import { slackMessage } from '../slack.ts'
import { hostOf, notifyOf } from '../targets.ts'
import { webhookRequest } from '../webhook.ts'
import { post } from './post.ts'
import { sendEmail } from './smtp.ts'

/** No forge's client takes longer; one that did would hold up all that is behind it. */
const LONGEST_MS = 60_000

export interface SenderOptions {
  notify(): NotifySpec[]
  /** The repository of this name at a forge; null: no app that is declared is in it. `app` is the one to ask first. */
  forge(target: string, app: string): Forge | null
  certificates(): string[] | undefined
  now(): number
}

export interface Sender {
  /** Throws a TrimtabError that names the host, and never an address, a token or a secret. */
  deliver(report: Report): Promise<'sent' | 'unknown'>
  close(): void
}

export function createSender({ notify, forge, certificates, now }: SenderOptions): Sender {
  const http = new HttpClient(certificates)
  const deliver = async (report: Report): Promise<'sent' | 'unknown'> => {
    const { target, app, commit } = report
    if (report.topic === 'news') {
      const spec = notifyOf(target, notify())
      if (!spec) return 'unknown'
      await sendNews(report.says, spec)
      return 'sent'
    }
    const repository = forge(target, app)
    if (!repository) return 'unknown'
    if (report.topic === 'status') await repository.setStatus({ commit, ...report.says })
    else await repository.deployment?.({ commit, environment: app, ...report.says })
    return 'sent'
  }
  const sendNews = async (news: Extract<Report, { topic: 'news' }>['says'], spec: NotifySpec) => {
    if (spec.kind === 'email') return sendEmail(news, spec, certificates())
    const json = { 'content-type': 'application/json' }
    const { headers, body } =
      spec.kind === 'webhook'
        ? webhookRequest(news, spec.secret, now())
        : { headers: json, body: JSON.stringify(slackMessage(news)) }
    await post(http, { url: spec.url, host: hostOf(spec), headers, body }, now())
  }
  return {
    deliver: (report) => inTime(deliver(report), report.target),
    close: () => http.close(),
  }
}

async function inTime<T>(work: Promise<T>, target: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    const error = new TrimtabError('SourceUnreachable', `${target} has not answered within ${LONGEST_MS / 1000} s.`, {
      retry: true,
    })
    timer = setTimeout(() => reject(error), LONGEST_MS)
    timer.unref()
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}
