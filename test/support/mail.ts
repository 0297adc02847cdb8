/** A real SMTP server on loopback, with the certificate of its own making that mail servers have. */
import type { AddressInfo } from 'node:net'
import { SMTPServer, type SMTPServerOptions } from 'smtp-server'

export interface MailServer {
  port: number
  /** What was taken, oldest first, as it came over the wire. */
  mails: Array<{ from: string; to: string[]; secure: boolean; user: string | null; raw: string }>
  close(): Promise<void>
}

/** With `user`, nobody else may send. */
export async function startMail(
  options: { user?: { name: string; password: string }; starttls?: boolean; onRcptTo?: SMTPServerOptions['onRcptTo'] } = {},
): Promise<MailServer> {
  const { user, starttls = true, onRcptTo } = options
  const mails: MailServer['mails'] = []
  const server = new SMTPServer({
    authOptional: user === undefined,
    allowInsecureAuth: !starttls,
    disabledCommands: [...(starttls ? [] : ['STARTTLS']), ...(user ? [] : ['AUTH'])],
    ...(onRcptTo && { onRcptTo }),
    onAuth({ username, password }, _session, done) {
      if (username === user?.name && password === user?.password) done(null, { user: username })
      else done(new Error(`535 5.7.8 ${username} with ${password} is nobody here`))
    },
    onData(stream, { envelope, secure, user: who }, done) {
      let raw = ''
      stream.setEncoding('utf8')
      stream.on('data', (chunk: string) => {
        raw += chunk
      })
      stream.on('end', () => {
        const { mailFrom, rcptTo } = envelope
        const from = mailFrom === false ? '' : mailFrom.address
        mails.push({ from, to: rcptTo.map(({ address }) => address), secure, user: (who as string | undefined) ?? null, raw })
        done()
      })
    },
  })
  server.on('error', () => {})
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()))
  const { port } = server.server.address() as AddressInfo
  return { port, mails, close: () => new Promise((resolve) => server.close(() => resolve())) }
}
