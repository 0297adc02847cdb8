/** What images are called in the platform's own registry. Pure. */
import type { PlatformSpec, RegistrySpec } from '../../../domain.ts'
import { addressOf } from '../pull.ts'
import { hostOf, tagged } from '../reference.ts'

/** `<registry>/<app>:<key>` */
export function imageIn({ address }: RegistrySpec, app: string, key: string): string {
  return `${address}/${app}:${key}`
}

/** The stack that was made here and is nowhere else to be had: `<registry>/trimtab/stack:bookworm`. */
export function stackIn({ address }: RegistrySpec, stack: string): string {
  return `${address}/${tagged(stack)}`
}

/** Credentials as the engine wants them; without any it wants an empty object. */
export function loginFor({ address, auth }: RegistrySpec, registries: PlatformSpec['registries']): object {
  const host = hostOf(`${address}/`)
  const login = auth ?? registries[host]
  return login ? { ...login, serveraddress: addressOf(host) } : {}
}

export function nameAndTag(reference: string): { repo: string; tag: string } {
  const at = reference.lastIndexOf(':')
  return { repo: reference.slice(0, at), tag: reference.slice(at + 1) }
}
