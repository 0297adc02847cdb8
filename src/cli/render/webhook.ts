import type { Control, Webhook } from '../../ports.ts'
import { table } from './table.ts'

type Kind = NonNullable<Webhook['forge']>

/** As the forges' pages are labelled: where to click, and what goes where. */
const CLICKS: Record<
  Kind,
  { where: string; url: string; secret: string; rest: Array<[string, string]>; events: string; pulls: string }
> = {
  // https://docs.github.com/en/webhooks/using-webhooks/creating-webhooks
  github: {
    where: "On GitHub: the repository's Settings > Webhooks > Add webhook",
    url: 'Payload URL',
    secret: 'Secret',
    rest: [['Content type', 'application/json']],
    events: 'Just the push event',
    pulls: 'Let me select: Pushes, Pull requests',
  },
  // https://docs.gitea.com/usage/webhooks
  gitea: {
    where: "On Gitea: the repository's Settings > Webhooks > Add Webhook > Gitea",
    url: 'Target URL',
    secret: 'Secret',
    rest: [['POST Content Type', 'application/json']],
    events: 'Push Events',
    pulls: 'Custom Events: Push, Pull Request, Pull Request Labeled, Pull Request Synchronized',
  },
  // https://forgejo.org/docs/latest/user/webhooks/
  forgejo: {
    where: "On Forgejo: the repository's Settings > Webhooks > Add webhook > Forgejo",
    url: 'Target URL',
    secret: 'Secret',
    rest: [['POST content type', 'application/json']],
    events: 'Push events',
    pulls: 'Custom events: Push, Modification, Labels, Synchronized',
  },
  // https://docs.gitlab.com/user/project/integrations/webhooks/
  gitlab: {
    where: "On GitLab: the project's Settings > Webhooks > Add new webhook",
    url: 'URL',
    secret: 'Secret token',
    rest: [],
    events: 'Push events, Tag push events',
    pulls: 'Push events, Tag push events, Merge request events',
  },
  // https://support.atlassian.com/bitbucket-cloud/docs/manage-webhooks/
  bitbucket: {
    where: 'On Bitbucket: Repository settings > Webhooks > Add webhook',
    url: 'URL',
    secret: 'Secret',
    rest: [],
    events: 'Repository: Push',
    pulls: 'Repository: Push; Pull request: Created, Updated, Merged, Declined',
  },
}

/** Where the deliveries of each repository go to. */
export function renderWebhooks(all: Awaited<ReturnType<Control['webhooks']>>): string {
  if (all.length === 0) return 'There is no app yet.'
  const rows = all.map(({ url, apps, lists }) => [url, [...apps, ...(lists > 0 ? ['a list of apps'] : [])].join(', ')])
  return table(['ADDRESS', 'FOR'], rows)
}

/** `fresh`: a secret for whoever has none. */
export function renderWebhook(webhook: Webhook, fresh: string): string {
  const { name, url, isPublic, secret, forge, previews, installable } = webhook
  if (secret === null) return withoutSecret(name, fresh)
  const lines = [
    table(['ADDRESS', 'SECRET'], [[url, secret]]),
    '',
    ...(isPublic
      ? []
      : ['This is where trimtab listens. Where forges reach it from outside, platform.yaml says: hooks: {url: https://…}', '']),
  ]
  if (forge === null) return [...lines, ...anyone(url)].join('\n')
  const { where, url: urlLabel, secret: secretLabel, rest, events, pulls } = CLICKS[forge]
  const isSigning = forge === 'gitlab' && /^whsec_[A-Za-z0-9+/]{43}=$/.test(secret)
  const rows = [
    [urlLabel, 'the address'],
    ...rest,
    // Signed deliveries are better than a token that is sent along.
    [
      isSigning ? 'Signing token' : secretLabel,
      isSigning ? 'the secret (where there is no such field: Secret token)' : 'the secret',
    ],
    ['Events', previews ? pulls : events],
  ]
  const width = Math.max(...rows.map(([label = '']) => label.length))
  return [
    ...lines,
    where,
    ...rows.map(([label = '', value]) => `  ${label.padEnd(width)}  ${value}`),
    ...(installable ? [`Or let trimtab do it: trimtab webhook install ${name}`] : []),
  ].join('\n')
}

function withoutSecret(name: string, fresh: string): string {
  return [
    `${name} takes no deliveries yet, for there is no secret to check them with. In platform.yaml, for every app:`,
    `  hooks: {secret: "\${TRIMTAB_HOOKS}"}`,
    `(or webhook: {secret: …} at ${name} alone), and in the environment of trimtab up, for example, this one, which is fresh:`,
    `  TRIMTAB_HOOKS=${fresh}`,
  ].join('\n')
}

function anyone(url: string): string[] {
  return [
    'What is at the other end is not known (forge: {kind: …} says it). Whoever signs its body may announce a push, a hook in a bare repository, say:',
    `  body='{}'`,
    `  curl -d "$body" -H 'content-type: application/json' \\`,
    `    -H "x-trimtab-signature-256: sha256=$(printf %s "$body" | openssl dgst -sha256 -hmac "$SECRET" -r | cut -d ' ' -f 1)" ${url}`,
  ]
}
