/** Whether a repository's host is somewhere that may be asked, and where. */
import { lookup } from 'node:dns/promises'
import { isIP } from 'node:net'
import { isLinkLocal } from '../config/nets.ts'
import { lookupExcept } from '../web/lookup.ts'
import type { Remote } from './address.ts'
import { unreachable } from './gitError.ts'
import { partsOf } from './ssh.ts'

class LinkLocal extends Error {
  constructor(host: string) {
    super(`${host} is a link-local address, where a cloud answers its own machines; no repository is read from there.`)
  }
}

/** For connections of our own. A host that is written as an address is not looked up; requireReachable() sees to that. */
export const lookupReachable = lookupExcept(isLinkLocal, (host) => new LinkLocal(host))

/** Throws SourceUnreachable for an address that is written down and link-local. */
export function requireReachable(remote: Remote): void {
  if (remote.kind === 'local') return
  const host = hostOf(remote)
  if (isIP(host) !== 0 && isLinkLocal(host)) throw refused(remote, host)
}

/**
 * For git, which looks names up for itself: it is given the addresses that were found to be harmless. ssh takes none, and there only
 * what is found now can be refused; a name of ssh's own settings is left to it. Throws SourceUnreachable.
 */
export async function settled(remote: Remote): Promise<Remote> {
  requireReachable(remote)
  const host = remote.kind === 'local' ? '' : hostOf(remote)
  if (host === '' || isIP(host) !== 0) return remote
  const found = await lookup(host, { all: true }).catch(() => null)
  if (!found) return remote
  const addresses = found.map(({ address }) => address).filter((address) => !isLinkLocal(address))
  if (addresses.length === 0 || (remote.kind === 'ssh' && addresses.length < found.length)) throw refused(remote, host)
  return remote.kind === 'http' ? { ...remote, addresses } : remote
}

function refused(remote: Remote, host: string): Error {
  return unreachable(remote, new LinkLocal(host).message)
}

function hostOf({ kind, url }: Remote): string {
  return kind === 'ssh' ? partsOf(url).hostname : new URL(url).hostname.replace(/^\[|\]$/g, '')
}
