/** The platform's own registry: whether the engine reaches it, and is let in. */
import type { PlatformSpec } from '../../domain.ts'
import { type Check, ok, warn } from './check.ts'
import type { Engine } from './engine.ts'

/** Nothing of that name is ever there: to be told so is all that is wanted. */
const NONE = 'trimtab/doctor:none'

/** No line where the platform has none. Apps do without one: it is never necessary. */
export async function checkRegistry(
  engine: Engine,
  { registry, registries }: Pick<PlatformSpec, 'registry' | 'registries'>,
  limitMs: number,
): Promise<Check[]> {
  if (!registry) return []
  const { isMissing, Refusal } = await import('../../engine/engine.ts')
  const { address, auth } = registry
  const [host = ''] = address.split('/')
  const login = auth ?? registries[host]
  const authconfig = login ? { ...login, serveraddress: host } : {}
  const name = 'registry'
  try {
    await engine.ask((docker) => docker.getImage(`${address}/${NONE}`).distribution({ authconfig }), limitMs)
    return [ok(name, address)]
  } catch (error) {
    if (isMissing(error)) return [ok(name, address)]
    const why = error instanceof Error ? error.message : String(error)
    if (!(error instanceof Refusal)) return [warn(name, `${address}: ${why}`, 'See what keeps the engine from it')]
    return [warn(name, `${address}: ${why}`, remedyFor(why, host))]
  }
}

function remedyFor(why: string, host: string): string {
  if (/denied|unauthorized|authentication required|no basic auth credentials/i.test(why)) {
    return 'Correct registry: {auth: {username, password}} in platform.yaml'
  }
  if (/server gave HTTP response to HTTPS client/i.test(why)) {
    return `Put {"insecure-registries": ["${host}"]} into /etc/docker/daemon.json, then systemctl reload docker; or give it a certificate`
  }
  if (/x509|certificate/i.test(why)) return `Put its CA into /etc/docker/certs.d/${host}/ca.crt`
  return 'Start it, or correct registry.url in platform.yaml. Until it answers, images are on the engine alone'
}
