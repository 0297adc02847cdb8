/** `notify:` and `hooks:` of platform.yaml: whom trimtab tells, and who may tell it. */
import { z } from 'zod'
import { appName, mapping, oneOf, size, text, wholeNumber } from '../manifest/values.ts'
import { secretText, webAddress } from './values.ts'

const email = text('expected an email address', /^[^\s@<>,]+@[^\s@<>,]+$/)

export const notify = z
  .array(
    mapping(
      {
        kind: oneOf(['webhook', 'slack', 'email']),
        on: z
          .array(oneOf(['live', 'failed', 'recovered']), { error: 'expected a list such as [failed, recovered]' })
          .exactOptional()
          .describe('Default: [live, failed, recovered].'),
        apps: z.array(appName(), { error: 'expected a list of apps' }).exactOptional().describe('Default: all.'),
        url: webAddress('expected an address such as https://example.com/hook').exactOptional().describe('webhook, slack.'),
        secret: secretText().exactOptional().describe('webhook: what deliveries are signed with.'),
        server: text('expected an address such as smtps://mail.example.com or smtp://localhost:25', /^smtps?:\/\/[^\s/@?#]+$/)
          .exactOptional()
          .describe('email.'),
        username: secretText().exactOptional().describe('email.'),
        password: secretText().exactOptional().describe('email.'),
        from: email.exactOptional().describe('email.'),
        to: z.array(email, { error: 'expected a list of email addresses' }).min(1).exactOptional().describe('email.'),
      },
      'expected a mapping such as {kind: slack, url: …}',
    ),
    { error: 'expected a list such as [{kind: slack, url: …}]' },
  )
  .describe('Who is told when an app changes its state.')

export const hooks = mapping({
  secret: secretText().exactOptional().describe('For every app that names none of its own.'),
  url: webAddress('expected an address such as https://trimtab.example.com')
    .exactOptional()
    .describe('Where forges reach http.listen from outside: what "trimtab webhook" prints.'),
  limit: size('1K', '1M')
    .refine((bytes) => bytes <= 25 * 2 ** 20, { error: 'expected at most 25M, the most that any forge sends' })
    .exactOptional()
    .describe('The largest delivery that is taken. Default: 1M.'),
  rate: wholeNumber(1, 100_000).exactOptional().describe('Deliveries that one address may make in a minute. Default: 600.'),
}).describe('Webhooks of forges.')

/** The keys that each kind of notification needs, and may have. */
export const NOTIFY_KEYS = {
  webhook: { needs: ['url', 'secret'], may: [] },
  slack: { needs: ['url'], may: [] },
  email: { needs: ['server', 'from', 'to'], may: ['username', 'password'] },
} as const
