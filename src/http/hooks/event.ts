/** What a delivery announces, by its headers alone: what it carries is never read. Pure. */
import type { IncomingHttpHeaders } from 'node:http'
import type { HookEvent } from '../../config/hooks.ts'

type Kinds = Array<[RegExp, HookEvent['kind']]>

/** https://docs.github.com/en/webhooks/webhook-events-and-payloads; Gitea's and Forgejo's are named alike (modules/webhook/type.go). */
const GITHUB: Kinds = [
  [/^(push|create|delete)$/, 'refs'],
  [/^pull_request(_sync|_label)?$/, 'pullRequest'],
  [/^ping$/, 'ping'],
]
/** https://docs.gitlab.com/user/project/integrations/webhook_events/. A system hook says only in its payload what it is about. */
const GITLAB: Kinds = [
  [/^(Push|Tag Push|System) Hook$/, 'refs'],
  [/^Merge Request Hook$/, 'pullRequest'],
]
/** https://support.atlassian.com/bitbucket-cloud/docs/event-payloads/; with : before _ those of Bitbucket Data Center. */
const BITBUCKET: Kinds = [
  [/^(repo:push|repo:refs_changed|mirror:repo_synchronized)$/, 'refs'],
  [/^pullrequest:(created|updated|fulfilled|rejected)$/, 'pullRequest'],
  [/^pr:(opened|from_ref_updated|modified|merged|declined|deleted)$/, 'pullRequest'],
  [/^diagnostics:ping$/, 'ping'],
]

/** The most particular first: Forgejo sends Gitea's headers too, and both of them GitHub's. */
const SENDERS: Array<[header: string, from: string, Kinds]> = [
  ['x-forgejo-event', 'Forgejo', GITHUB],
  ['x-gitea-event', 'Gitea', GITHUB],
  ['x-gogs-event', 'Gogs', GITHUB],
  ['x-github-event', 'GitHub', GITHUB],
  ['x-gitlab-event', 'GitLab', GITLAB],
  ['x-event-key', 'Bitbucket', BITBUCKET],
  ['x-trimtab-event', 'a webhook', GITHUB],
]

/** Without any such header it is somebody's own script, and means "look". */
export function hookEvent(headers: IncomingHttpHeaders): HookEvent {
  for (const [header, from, kinds] of SENDERS) {
    const name = headers[header]
    if (typeof name !== 'string') continue
    const kind = kinds.find(([names]) => names.test(name))?.[1] ?? 'other'
    return { kind, from, name: /^[\w :.-]{1,60}$/.test(name) ? name : 'an event' }
  }
  return { kind: 'refs', from: 'a webhook', name: 'push' }
}
