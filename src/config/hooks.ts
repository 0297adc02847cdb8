/** Whom a delivery at /hooks/<name> concerns, and what it has to be signed with. */
import { createHash } from 'node:crypto'
import { normalize } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { AppSpec, FleetSpec, ForgeKind, PlatformSpec } from '../domain.ts'
import { hostOf } from './sources.ts'

/** Everything that one repository is used for: a push concerns all of it. */
export interface HookTarget {
  /** The repository's id. */
  repository: string
  apps: AppSpec[]
  fleets: FleetSpec[]
  /** Each of them may sign a delivery. Never empty. */
  secrets: string[]
}

/** What a delivery announces. Nothing of it is believed: it decides who looks where. */
export interface HookEvent {
  /** `refs`: a branch or tag was made, moved or deleted. `other`: nothing that trimtab needs. */
  kind: 'refs' | 'pullRequest' | 'ping' | 'other'
  /** Who says so. */
  from: string
  /** The forge's word for it, fit to be shown. */
  name: string
}

type Hooked = Pick<PlatformSpec, 'apps' | 'fleets' | 'hooks'>

/** Null: nobody of this name takes deliveries. `name`: an app's, or a repository's id. */
export function hookTarget({ apps, fleets, hooks }: Hooked, name: string): HookTarget | null {
  const app = apps.find((one) => one.name === name)
  const repository = app ? repositoryId(app.repo) : name
  const together = apps.filter((one) => repositoryId(one.repo) === repository)
  const lists = fleets.filter((one) => repositoryId(one.repo) === repository)
  // Whoever holds one app's secret speaks for that app's address alone.
  const signers = app ? [app] : [...together, ...lists]
  const secrets = new Set(signers.flatMap((one) => hookSecret(one, hooks) ?? []))
  return secrets.size === 0 ? null : { repository, apps: together, fleets: lists, secrets: [...secrets] }
}

/** What deliveries for it are signed with; null: none are taken. */
export function hookSecret(spec: Pick<AppSpec, 'webhook'>, hooks: PlatformSpec['hooks']): string | null {
  return spec.webhook?.secret ?? hooks.secret ?? null
}

/** Of a repository, however its address is written. No app can have such a name, for none holds a dot. */
export function repositoryId(repo: string): string {
  const known = ids.get(repo)
  if (known !== undefined) return known
  const id = `repo.${createHash('sha256').update(sameRepository(repo)).digest('hex').slice(0, 12)}`
  if (ids.size >= IDS_KEPT) ids.clear()
  ids.set(repo, id)
  return id
}

/** Every delivery asks for those of all repositories. */
const ids = new Map<string, string>()
const IDS_KEPT = 10_000

/** https, ssh and scp-like addresses of one repository come to the same. */
function sameRepository(repo: string): string {
  const host = hostOf(repo)
  if (host === null) return normalize(localPath(repo)).replace(/(?<=.)\/+$/, '')
  const path = repo.replace(/^(?:https?|ssh):\/\/[^/]*/, '').replace(/^(?:[^/@:]*@)?(?:\[[^\]/]+\]|[^/:]+):/, '')
  const place = path.replace(/^\/+|\/+$/g, '').replace(/\/?\.git$/, '')
  return `${host.toLowerCase().replace(/:(80|443)$/, '')}/${place}`
}

function localPath(repo: string): string {
  try {
    return repo.startsWith('file:') ? fileURLToPath(repo) : repo
  } catch {
    // No path; whoever looks at it will say so.
    return repo
  }
}

/** By the name of its host, where nobody has said what it is: enough for words on what to click. */
export function guessedForge(repo: string): ForgeKind | null {
  const host = hostOf(repo) ?? ''
  if (/(^|\.)codeberg\./.test(host)) return 'forgejo'
  return (['github', 'gitlab', 'gitea', 'forgejo', 'bitbucket'] as const).find((kind) => host.includes(kind)) ?? null
}
