/** One email over SMTP, and what the server's answer means. */
import { createTransport } from 'nodemailer'
import type { News, NotifySpec } from '../../domain.ts'
import { TrimtabError } from '../../errors.ts'
import { beginning, oneLine } from '../../text.ts'
import { emailOf, smtpOptions } from '../email.ts'
import { hostOf } from '../targets.ts'

type EmailSpec = Extract<NotifySpec, { kind: 'email' }>

const TIMEOUTS = { connectionTimeout: 10_000, greetingTimeout: 10_000, socketTimeout: 10_000, dnsTimeout: 10_000 }

/** What nodemailer's errors carry: https://nodemailer.com/errors */
interface MailError extends Error {
  code?: string
  responseCode?: number
  response?: string
}

/** Throws SourceUnreachable (retry) or ForgeRefused. A mail that some of its recipients are refused for is sent to the others. */
export async function sendEmail(news: News, spec: EmailSpec, ca: string[] | undefined): Promise<void> {
  const { tls, ...options } = smtpOptions(spec)
  const transport = createTransport({
    ...options,
    ...TIMEOUTS,
    maxResponseSize: 64 * 1024,
    tls: { ...tls, ...(ca && { ca }) },
    // Nothing that an app has logged makes it read a file or ask a server.
    disableFileAccess: true,
    disableUrlAccess: true,
  })
  try {
    await transport.sendMail(emailOf(news, spec))
  } catch (error) {
    throw explain(error as MailError, spec)
  } finally {
    transport.close()
  }
}

function explain(error: MailError, spec: EmailSpec): TrimtabError {
  const host = hostOf(spec)
  const { code, responseCode = 0, response = '' } = error
  if (code === 'EAUTH') {
    // What it says then may hold what it was told.
    const passes = responseCode >= 400 && responseCode < 500
    const message = `${host} does not accept the username and password (${responseCode || 'no answer'}).`
    return new TrimtabError(passes ? 'SourceUnreachable' : 'ForgeRefused', message, { retry: passes, cause: error })
  }
  if (responseCode >= 500) {
    return new TrimtabError('ForgeRefused', `${host} refuses the mail: ${beginning(oneLine(response), 200)}`, { cause: error })
  }
  const why =
    responseCode >= 400
      ? `says: ${beginning(oneLine(response), 200)}`
      : `cannot be reached: ${beginning(oneLine(error.message), 200)}`
  return new TrimtabError('SourceUnreachable', `${host} ${why}`, { retry: true, cause: error })
}
