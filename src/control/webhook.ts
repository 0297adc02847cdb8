/** What has to be clicked at a forge so that it announces pushes, and its doing by the forge's API. */
import { guessedForge, hookSecret, repositoryId } from '../config/hooks.ts'
import { withAccess } from '../config/sources.ts'
import type { AppSpec, ForgeSpec } from '../domain.ts'
import { TrimtabError } from '../errors.ts'
import type { Control, Forge, Webhook } from '../ports.ts'
import type { World } from '../world.ts'

interface Parts {
  world: World
  /** Throws NotFound for a name that is none. */
  known(app: string): string
  forge(app: AppSpec): Forge | null
}

/** An app or a list of apps: whatever a repository is there for. */
type Hooked = Pick<AppSpec, 'repo' | 'webhook'> & { forge?: ForgeSpec; name?: string; preview?: unknown; previews?: unknown }

export function webhookControl({ world, known, forge }: Parts): Pick<Control, 'webhook' | 'webhooks' | 'installWebhook'> {
  /** Pull requests come and go; the webhook is their app's. */
  const all = (): Hooked[] => {
    const { apps, fleets, git } = world.platform()
    return [...apps.filter(({ preview }) => preview === undefined), ...fleets.map((list) => withAccess(list, git))]
  }

  const find = (name: string): Hooked => {
    const found = all().find((one) => one.name === name) ?? all().find((one) => repositoryId(one.repo) === name)
    if (found) return found
    known(name)
    return world.platform().apps.find((one) => one.name === name) as Hooked
  }

  const address = (name: string): string => {
    const { hooks, http } = world.platform()
    const host = http.host.includes(':') ? `[${http.host}]` : http.host
    return `${hooks.url ?? `http://${host}:${http.port}`}/hooks/${name}`
  }

  const view = (name: string): { spec: Hooked; webhook: Webhook } => {
    const spec = find(name)
    const { hooks } = world.platform()
    const together = all().filter((one) => repositoryId(one.repo) === repositoryId(spec.repo))
    // One webhook does for all of a repository, where they do not keep their secrets from one another.
    const isOne = together.length > 1 && !spec.webhook
    const webhook: Webhook = {
      name,
      url: address(isOne ? repositoryId(spec.repo) : name),
      isPublic: hooks.url !== undefined,
      secret: hookSecret(spec, hooks),
      forge: spec.forge?.kind ?? guessedForge(spec.repo),
      previews: together.some((one) => one.previews !== undefined),
      installable: spec.forge !== undefined,
    }
    return { spec, webhook }
  }

  return {
    async webhooks() {
      const repositories = new Map<string, Hooked[]>()
      for (const one of all())
        repositories.set(repositoryId(one.repo), [...(repositories.get(repositoryId(one.repo)) ?? []), one])
      return [...repositories].map(([repository, those]) => ({
        repository,
        url: address(repository),
        apps: those.flatMap((one) => one.name ?? []),
        lists: those.filter((one) => one.name === undefined).length,
      }))
    },
    webhook: async (name) => view(name).webhook,
    async installWebhook(name) {
      const { spec, webhook } = view(name)
      const { url, secret, isPublic } = webhook
      const api = forge({ ...spec, name, path: '' } as AppSpec)
      if (isPublic && api && secret !== null) return { url, done: await api.installWebhook({ url, secret }) }
      const missing = [
        ...(isPublic ? [] : ['where forges reach trimtab: hooks: {url: https://trimtab.example.com}']),
        ...(secret === null
          ? [`a secret: webhook: {secret: "\${…}"} at ${name}, or one for all as hooks: {secret: "\${…}"}`]
          : []),
        ...(api ? [] : [`access to the forge's API: forge: {token: "\${…}"} at ${name}, or by host under git.forges`]),
      ]
      const lines = missing.map((one) => `\n  ${one}`).join('')
      throw new TrimtabError('ConfigInvalid', `The webhook cannot be installed. platform.yaml lacks${lines}`)
    },
  }
}
