/** What is sent, over real connections: to a strict Slack, a receiver that checks signatures, a real SMTP server. */
import { createHmac } from 'node:crypto'
import { createServer } from 'node:http'
import { type AddressInfo, createServer as createTcpServer } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { News, NotifySpec } from '../../../src/domain.ts'
import type { TrimtabError } from '../../../src/errors.ts'
import type { Forge, Report } from '../../../src/ports.ts'
import { createSender } from '../../../src/report/sending/sender.ts'
import { targetOf } from '../../../src/report/targets.ts'
import { A, B } from '../../store/opened.ts'
import { startMail } from '../../support/mail.ts'
import { startSlack } from '../../support/slack.ts'

const NOW = 1_700_000_000_000
const NEWS: News = {
  kind: 'failed',
  app: 'shop',
  commit: A,
  at: NOW,
  serving: { release: 3, commit: B },
  failure: { code: 'BuildFailed', reason: 'npm <ci> failed.', details: 'line 1\n.\nline 2\n<!channel>' },
  url: 'https://shop.test/',
}

function sending(specs: NotifySpec[], forge: (target: string, app: string) => Forge | null = () => null) {
  const sender = createSender({ notify: () => specs, forge, certificates: () => undefined, now: () => NOW })
  onTestFinished(() => sender.close())
  return {
    deliver: (report: Report) => sender.deliver(report),
    tell: (spec: NotifySpec) => sender.deliver({ target: targetOf(spec), app: 'shop', commit: A, topic: 'news', says: NEWS }),
    failing: (spec: NotifySpec): Promise<TrimtabError> =>
      sender.deliver({ target: targetOf(spec), app: 'shop', commit: A, topic: 'news', says: NEWS }).then(
        () => Promise.reject(new Error('it was taken')),
        (error) => error,
      ),
  }
}

describe('Slack', () => {
  const started = async () => {
    const slack = await startSlack()
    onTestFinished(slack.close)
    const spec: NotifySpec = { kind: 'slack', url: slack.url, on: ['failed'] }
    return { slack, spec, ...sending([spec]) }
  }

  it('takes it', async () => {
    const { slack, spec, tell } = await started()
    expect(await tell(spec)).toBe('sent')
    expect(slack.refused).toEqual([])
    expect(slack.messages[0]?.blocks).toEqual([
      ':x: *shop failed: BuildFailed at aaaaaaa*\nnpm &lt;ci&gt; failed.\nv3 (bbbbbbb) still serves.',
      '```\nline 1\n.\nline 2\n&lt;!channel&gt;\n```',
    ])
  })

  it('is tried again where that can help, after as long as it asks for; and its address is told nowhere', async () => {
    const { slack, spec, failing } = await started()
    const answers: Array<[number, Record<string, string>, boolean, number | undefined]> = [
      [429, { 'retry-after': '30' }, true, 30_000],
      [503, { 'retry-after': new Date(NOW + 60_000).toUTCString() }, true, 60_000],
      [500, {}, true, undefined],
      [404, {}, false, undefined],
      [410, {}, false, undefined],
      [302, { location: 'http://127.0.0.1:1/' }, false, undefined],
    ]
    for (const [status, headers, retry, retryAfterMs] of answers) {
      slack.answers.push({ status, headers })
      const error = await failing(spec)
      expect({ retry: error.retry, retryAfterMs: error.retryAfterMs }, String(status)).toEqual({ retry, retryAfterMs })
      expect(error.message).toMatch(new RegExp(`^127\\.0\\.0\\.1:\\d+ answered ${status}\\.`))
      expect(error.message).not.toContain('nobody-may-see')
    }
    await slack.close()
    const error = await failing(spec)
    expect(error).toMatchObject({ retry: true })
    expect(error.message).toMatch(/^127\.0\.0\.1:\d+ cannot be reached: the connection was refused\.$/)
  })
})

it('a webhook is signed as Standard Webhooks has it, over the very bytes that are sent', async () => {
  const key = Buffer.from('0123456789abcdef0123456789abcdef')
  const seen: Array<{ isSigned: boolean; body: { type: string } }> = []
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const body = Buffer.concat(chunks)
    const { 'webhook-id': id, 'webhook-timestamp': at, 'webhook-signature': signature } = request.headers
    const wanted = createHmac('sha256', key).update(`${id}.${at}.`).update(body).digest('base64')
    seen.push({ isSigned: signature === `v1,${wanted}`, body: JSON.parse(body.toString()) })
    response.writeHead(204).end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close().closeAllConnections())
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/in?a=b`
  const spec: NotifySpec = { kind: 'webhook', url, secret: `whsec_${key.toString('base64')}`, on: ['failed'] }
  expect(await sending([spec]).tell(spec)).toBe('sent')
  expect(seen).toMatchObject([{ isSigned: true, body: { type: 'app.failed' } }])
})

describe('email', () => {
  const USER = { name: 'trimtab', password: 'a-password-nobody-may-see' }
  const emailTo = (port: number, change: object = {}): NotifySpec => ({
    kind: 'email',
    server: `smtp://127.0.0.1:${port}`,
    from: 'trimtab@ops.test',
    to: ['one@x.test', 'two@x.test'],
    on: ['failed'],
    ...change,
  })
  const started = async (options: Parameters<typeof startMail>[0] = {}) => {
    const mail = await startMail(options)
    onTestFinished(mail.close)
    return mail
  }

  it('over STARTTLS where it is offered, with a password', async () => {
    const mail = await started({ user: USER })
    const spec = emailTo(mail.port, { username: USER.name, password: USER.password })
    expect(await sending([spec]).tell(spec)).toBe('sent')
    const [got] = mail.mails
    expect(got).toMatchObject({ from: 'trimtab@ops.test', to: ['one@x.test', 'two@x.test'], secure: true, user: 'trimtab' })
    expect(got?.raw).toMatch(/^Subject: \[trimtab\] shop failed: BuildFailed at aaaaaaa\r$/m)
    expect(got?.raw).toMatch(/^Auto-Submitted: auto-generated\r$/m)
    expect(got?.raw).toMatch(/^Content-Type: text\/plain; charset=utf-8\r$/m)
    // A line that is a dot ends no mail.
    expect(got?.raw).toContain('line 1\r\n.\r\nline 2\r\n<!channel>')
  })

  it('in the clear where nothing else is offered, and there is nothing to hide', async () => {
    const mail = await started({ starttls: false })
    const spec = emailTo(mail.port)
    expect(await sending([spec]).tell(spec)).toBe('sent')
    expect(mail.mails[0]).toMatchObject({ secure: false, user: null })
  })

  it('a wrong password is given up, whatever the server says of it', async () => {
    const mail = await started({ user: USER })
    const spec = emailTo(mail.port, { username: USER.name, password: `${USER.password}-not` })
    const error = await sending([spec]).failing(spec)
    expect(error).toMatchObject({ code: 'ForgeRefused', retry: false })
    expect(error.message).toBe(`127.0.0.1:${mail.port} does not accept the username and password (535).`)
  })

  it('greylisting is tried again; a recipient who is unknown is not', async () => {
    const answers = [
      Object.assign(new Error('greylisted, come back'), { responseCode: 450 }),
      Object.assign(new Error('no such user'), { responseCode: 550 }),
    ]
    const mail = await started({ onRcptTo: (_address, _session, done) => done(answers[0]) })
    const spec = emailTo(mail.port, { to: ['one@x.test'] })
    const { failing } = sending([spec])
    expect(await failing(spec)).toMatchObject({ retry: true, message: `127.0.0.1:${mail.port} says: 450 greylisted, come back` })
    answers.shift()
    expect(await failing(spec)).toMatchObject({
      retry: false,
      message: `127.0.0.1:${mail.port} refuses the mail: 550 no such user`,
    })
    await mail.close()
    expect(await failing(spec)).toMatchObject({ retry: true })
  })

  it('what answers in no end of lines is not listened to for ever', async () => {
    const server = createTcpServer((socket) => {
      socket.on('error', () => {})
      const flood = () => {
        while (!socket.destroyed && socket.write(`220-${'x'.repeat(1_000)}\r\n`));
      }
      socket.on('drain', flood)
      flood()
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void server.close())
    const spec = emailTo((server.address() as AddressInfo).port)
    expect(await sending([spec]).failing(spec)).toMatchObject({ retry: true })
  })
})

describe('forges', () => {
  const STATUS = { context: 'trimtab/shop', state: 'success', description: 'v1 is live', url: 'https://shop.test/' } as const
  const DEPLOYMENT = { state: 'success', description: 'v1 is live' } as const
  const common = { target: 'github github.com acme/shop', app: 'shop', commit: A }
  const status: Report = { ...common, topic: 'status', says: STATUS }
  const deployment: Report = { ...common, topic: 'deployment', says: DEPLOYMENT }

  it('statuses and deployments; where there are no deployments, nothing is done', async () => {
    const asked: unknown[] = []
    const setStatus = async (one: unknown) => void asked.push(one)
    const forge = { setStatus } as unknown as Forge
    const { deliver } = sending([], (target, app) => (target === common.target && app === 'shop' ? forge : null))
    expect(await deliver(status)).toBe('sent')
    expect(await deliver(deployment)).toBe('sent')
    expect(asked).toEqual([{ commit: A, ...STATUS }])
    forge.deployment = async (one) => void asked.push(one)
    expect(await deliver(deployment)).toBe('sent')
    expect(asked[1]).toEqual({ commit: A, environment: 'shop', ...DEPLOYMENT })
  })

  it('what is not configured any more is unknown', async () => {
    const { deliver, tell } = sending([])
    expect(await deliver(status)).toBe('unknown')
    expect(await tell({ kind: 'slack', url: 'https://hooks.test/x', on: [] })).toBe('unknown')
  })
})
