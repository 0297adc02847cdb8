import { describe, expect, it } from 'vitest'
import { renderWebhook, renderWebhooks } from '../../src/cli/render/webhook.ts'
import type { Webhook } from '../../src/ports.ts'

const FRESH = `whsec_${'A'.repeat(43)}=`
const hook = (more: Partial<Webhook>): Webhook => ({
  name: 'shop',
  url: 'https://trimtab.example.com/hooks/shop',
  isPublic: true,
  secret: 'of the hook',
  forge: 'github',
  previews: false,
  installable: false,
  ...more,
})

describe('trimtab webhook', () => {
  it('prints address, secret, and what goes where', () => {
    expect(renderWebhook(hook({ installable: true }), FRESH)).toBe(
      [
        'ADDRESS                                 SECRET',
        'https://trimtab.example.com/hooks/shop  of the hook',
        '',
        "On GitHub: the repository's Settings > Webhooks > Add webhook",
        '  Payload URL   the address',
        '  Content type  application/json',
        '  Secret        the secret',
        '  Events        Just the push event',
        'Or let trimtab do it: trimtab webhook install shop',
      ].join('\n'),
    )
  })

  it.each(['github', 'gitea', 'forgejo', 'gitlab', 'bitbucket'] as const)('%s: with previews, pull requests too', (forge) => {
    expect(renderWebhook(hook({ forge }), FRESH)).not.toMatch(/pull|merge request/i)
    expect(renderWebhook(hook({ forge, previews: true }), FRESH)).toMatch(/pull request|merge request|Labels/i)
  })

  it('GitLab: a secret that is fit for it goes where deliveries are signed with it', () => {
    expect(renderWebhook(hook({ forge: 'gitlab' }), FRESH)).toContain('Secret token  the secret')
    expect(renderWebhook(hook({ forge: 'gitlab', secret: FRESH }), FRESH)).toContain('Signing token  the secret')
  })

  it('says how to get a secret where there is none', () => {
    const text = renderWebhook(hook({ secret: null }), FRESH)
    expect(text).toContain('takes no deliveries yet')
    expect(text).toContain(FRESH)
  })

  it('says where the address has to be set, and how anybody else signs', () => {
    const text = renderWebhook(hook({ isPublic: false, forge: null }), FRESH)
    expect(text).toContain('hooks: {url: https://…}')
    expect(text).toContain('x-trimtab-signature-256')
  })

  it('lists where the deliveries of each repository go to', () => {
    expect(
      renderWebhooks([
        { repository: 'repo.1', url: 'https://t.example.com/hooks/repo.1', apps: ['shop', 'api'], lists: 0 },
        { repository: 'repo.22', url: 'https://t.example.com/hooks/repo.22', apps: [], lists: 1 },
      ]),
    ).toBe(
      [
        'ADDRESS                              FOR',
        'https://t.example.com/hooks/repo.1   shop, api',
        'https://t.example.com/hooks/repo.22  a list of apps',
      ].join('\n'),
    )
  })
})
