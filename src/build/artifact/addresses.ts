import type { LookupFunction } from 'node:net'
import { isLocal } from '../../config/nets.ts'
import { lookupExcept } from '../../web/lookup.ts'

/** As the system looks names up, without addresses that are local: what a repository names is not to make trimtab ask there. */
export const lookupElsewhere: LookupFunction = lookupExcept(isLocal, (host) => new LocalAddress(host))

/** What is asked for is at an address that nobody is to be sent to. */
export class LocalAddress extends Error {
  constructor(host: string) {
    super(`${host} is this machine itself, or a link-local address (platform.yaml: artifacts: {local: true} allows it)`)
    this.name = 'LocalAddress'
  }
}
