/** What has to be clicked at a forge so that it announces pushes, and its doing by the forge's API. */
import { guessedForge, hookSecret, repositoryId } from '../config/hooks.ts'
import type { AppSpec } from '../domain.ts'
import { TrimtabError } from '../errors.ts'
import type { Control, Forge, Webhook } from '../ports.ts'
import type { World } from '../world.ts'

interface Parts {
  world: World
  /** Throws NotFound for a name that is none. */
  known(app: string): string
  forge(app: AppSpec): Forge | null
}

export function webhookControl({ world, known, forge }: Parts): Pick<Control, 'webhook' | 'installWebhook'> {
  const view = (name: string): { spec: AppSpec; webhook: Webhook } => {
    known(name)
    const { apps, hooks, http } = world.platform()
    const spec = apps.find((one) => one.name === name) as AppSpec
    const together = apps.filter((one) => repositoryId(one.repo) === repositoryId(spec.repo))
    // One webhook does for all apps of a repository, where they do not keep their secrets from one another.
    const path = together.length > 1 && !spec.webhook ? repositoryId(spec.repo) : name
    const host = http.host.includes(':') ? `[${http.host}]` : http.host
    const webhook: Webhook = {
      app: name,
      url: `${hooks.url ?? `http://${host}:${http.port}`}/hooks/${path}`,
      isPublic: hooks.url !== undefined,
      secret: hookSecret(spec, hooks),
      forge: spec.forge?.kind ?? guessedForge(spec.repo),
      previews: together.some((one) => one.previews !== undefined),
      installable: spec.forge !== undefined,
    }
    return { spec, webhook }
  }

  return {
    webhook: async (app) => view(app).webhook,
    async installWebhook(app) {
      const { spec, webhook } = view(app)
      const { url, secret, isPublic } = webhook
      const missing = [
        ...(isPublic ? [] : ['where forges reach trimtab: hooks: {url: https://trimtab.example.com}']),
        ...(secret === null
          ? [`a secret: webhook: {secret: "\${…}"} at ${app}, or one for all as hooks: {secret: "\${…}"}`]
          : []),
      ]
      const api = forge(spec)
      if (!api) missing.push(`a token for the forge's API: forge: {token: "\${…}"} at ${app}, or by host under git.forges`)
      if (!api || secret === null || missing.length > 0) {
        throw new TrimtabError(
          'ConfigInvalid',
          `The webhook cannot be installed. platform.yaml lacks\n${missing.map((one) => `  ${one}`).join('\n')}`,
        )
      }
      return { url, done: await api.installWebhook({ url, secret }) }
    },
  }
}
