import { createHmac } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { News, NotifySpec } from '../../src/domain.ts'
import { emailOf, smtpOptions } from '../../src/report/email.ts'
import { messageOf } from '../../src/report/message.ts'
import { slackMessage } from '../../src/report/slack.ts'
import { hostOf, notifyOf, targetOf } from '../../src/report/targets.ts'
import { webhookRequest } from '../../src/report/webhook.ts'
import { A, B } from '../store/opened.ts'

const live: News = {
  kind: 'live',
  app: 'shop',
  commit: A,
  at: 1_700_000_000_000,
  serving: { release: 3, commit: A },
  failure: null,
  url: 'https://shop.test/',
}
const failed: News = {
  ...live,
  kind: 'failed',
  commit: B,
  failure: { code: 'BuildFailed', reason: 'npm ci failed.', details: 'line 1\nline 2' },
}

describe('in plain words', () => {
  it.each([
    [live, 'shop: v3 (aaaaaaa) is live', ['https://shop.test/']],
    [{ ...live, kind: 'recovered' as const }, 'shop has recovered: v3 (aaaaaaa) is live', ['https://shop.test/']],
    [failed, 'shop failed: BuildFailed at bbbbbbb', ['npm ci failed.', 'v3 (aaaaaaa) still serves.']],
    [
      { ...failed, commit: A },
      'shop failed: BuildFailed at aaaaaaa',
      ['npm ci failed.', 'It is of v3 (aaaaaaa), which is live.'],
    ],
    [{ ...failed, serving: null }, 'shop failed: BuildFailed at bbbbbbb', ['npm ci failed.', 'Nothing of it serves.']],
  ])('%#', (news, title, lines) => expect(messageOf(news)).toMatchObject({ title, lines }))
})

describe('Slack', () => {
  it('blocks, and the same as text for what knows no blocks', () => {
    const parts = [
      ':x: *shop failed: BuildFailed at bbbbbbb*\nnpm ci failed.\nv3 (aaaaaaa) still serves.',
      '```\nline 1\nline 2\n```',
    ]
    expect(slackMessage(failed)).toEqual({
      text: parts.join('\n'),
      blocks: parts.map((text) => ({ type: 'section', text: { type: 'mrkdwn', text, verbatim: true } })),
    })
    expect(slackMessage(live).blocks).toHaveLength(1)
  })

  it('nothing that an app says calls anybody, leads anywhere, or ends the block that it is in', () => {
    const details = '<!channel> <https://evil.test|a & b> ``` *bold*'
    const { text } = slackMessage({ ...failed, failure: { code: 'CrashLoop', reason: '<!here>', details } })
    expect(text).not.toMatch(/[<>]/)
    expect(text).toContain('&lt;!here&gt;')
    expect(text).toContain(`\`\`\`\n&lt;!channel&gt; &lt;https://evil.test|a &amp; b&gt; ''' *bold*\n\`\`\``)
  })

  it('stays within 3,000 characters a block, and cuts no escape in two', () => {
    for (const sign of ['<', '&', '>&', 'a<b\n']) {
      const details = sign.repeat(2_500 / sign.length)
      const { blocks } = slackMessage({ ...failed, failure: { code: 'BuildFailed', reason: '<'.repeat(500), details } })
      for (const { text } of blocks) {
        expect(text.text.length).toBeLessThanOrEqual(3_000)
        expect(text.text.replaceAll(/&(amp|lt|gt);/g, '')).not.toContain('&')
      }
    }
  })
})

describe('a signed webhook', () => {
  it('the example of the specification', () => {
    const { headers, body } = webhookRequest(
      failed,
      `whsec_${Buffer.from('a key of 24 bytes or so').toString('base64')}`,
      1_700_000_009_999,
    )
    expect(JSON.parse(body)).toEqual({
      type: 'app.failed',
      timestamp: '2023-11-14T22:13:20.000Z',
      data: {
        app: 'shop',
        commit: B,
        serving: { release: 3, commit: A },
        failure: { code: 'BuildFailed', reason: 'npm ci failed.', details: 'line 1\nline 2' },
        url: 'https://shop.test/',
      },
    })
    expect(headers['webhook-timestamp']).toBe('1700000009')
    const signed = `${headers['webhook-id']}.1700000009.${body}`
    const signature = createHmac('sha256', 'a key of 24 bytes or so').update(signed).digest('base64')
    expect(headers['webhook-signature']).toBe(`v1,${signature}`)
  })

  it('has one id for every try of the same news, and another for other news', () => {
    const id = (news: News, at: number) => webhookRequest(news, 'any words', at).headers['webhook-id']
    expect(id(live, 1)).toMatch(/^msg_[0-9a-f]{32}$/)
    expect(id(live, 1)).toBe(id(live, 99_000))
    expect(id(live, 1)).not.toBe(id({ ...live, at: 5 }, 1))
  })
})

describe('email', () => {
  const spec = { kind: 'email', server: 'smtp://mail.test', from: 'trimtab@ops.test', to: ['a@x.test'], on: ['failed'] } as const
  const of = (change: object) => smtpOptions({ ...spec, ...change } as unknown as Parameters<typeof smtpOptions>[0])

  it('plain text, with headers of one line', () => {
    const news = { ...failed, app: 'shop\r\nBcc: all@x.test', failure: { code: 'A\nB', reason: 'why', details: 'log' } }
    const mail = emailOf(news, { ...spec, to: [...spec.to], on: ['failed'] })
    expect(mail.subject).toBe('[trimtab] shop Bcc: all@x.test failed: A B at bbbbbbb')
    expect(mail.messageId).toMatch(/^<msg_[0-9a-f]{32}@ops\.test>$/)
    expect(mail.headers).toEqual({ 'Auto-Submitted': 'auto-generated' })
    expect(emailOf(failed, { ...spec, to: [...spec.to], on: ['failed'] }).text).toBe(
      `shop failed: BuildFailed at bbbbbbb\n\nnpm ci failed.\nv3 (aaaaaaa) still serves.\n\nline 1\nline 2\n\napp:     shop\ncommit:  ${B}\nat:      2023-11-14T22:13:20.000Z\naddress: https://shop.test/\n`,
    )
  })

  it('a password goes to another machine over TLS or not at all', () => {
    const auth = { username: 'u', password: 'p' }
    expect(of({})).toEqual({ host: 'mail.test', port: 25, secure: false, requireTLS: false })
    expect(of(auth)).toMatchObject({ port: 587, secure: false, requireTLS: true, auth: { user: 'u', pass: 'p' } })
    expect(of({ ...auth, server: 'smtps://mail.test' })).toMatchObject({ port: 465, secure: true, requireTLS: false })
    expect(of({ ...auth, server: 'smtp://localhost:2525' })).toMatchObject({
      port: 2525,
      requireTLS: false,
      tls: { rejectUnauthorized: false },
    })
    expect(of({ ...auth, server: 'smtp://127.0.0.1.evil.test' })).not.toHaveProperty('tls')
  })
})

describe('who is told', () => {
  const slack: NotifySpec = { kind: 'slack', url: 'https://hooks.slack.com/services/SECRET', on: ['live'] }
  const hook: NotifySpec = { kind: 'webhook', url: 'https://ops.test:8443/in', secret: 's', on: ['live'] }
  it('has a name that tells it apart and gives nothing away', () => {
    expect(targetOf(slack)).toMatch(/^slack hooks\.slack\.com [0-9a-f]{8}$/)
    expect(targetOf({ ...slack, on: ['failed'] })).toBe(targetOf(slack))
    expect(targetOf({ ...slack, url: `${slack.url}2` })).not.toBe(targetOf(slack))
    expect(hostOf(hook)).toBe('ops.test:8443')
    expect(notifyOf(targetOf(hook), [slack, hook])).toBe(hook)
    expect(notifyOf('slack hooks.slack.com 00000000', [slack, hook])).toBeNull()
  })
})
