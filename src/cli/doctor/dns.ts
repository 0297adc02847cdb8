/** Every name under the domain has to lead here. */
import { randomBytes } from 'node:crypto'
import { Resolver } from 'node:dns/promises'
import { networkInterfaces } from 'node:os'
import { type Check, ok, warn } from './check.ts'

const NAME = 'dns'

/** Of these, and not of the system's own look-up, which can neither be given a time limit nor ended. */
export interface Names {
  resolve4(name: string): Promise<string[]>
  resolve6(name: string): Promise<string[]>
}

export async function checkDns(domain: string, names: Names = new Resolver({ timeout: 2_000, tries: 2 })): Promise<Check[]> {
  // RFC 6761, 6.3: browsers and curl take these for loopback without asking anybody.
  if (domain === 'localhost' || domain.endsWith('.localhost')) {
    return [ok(NAME, `*.${domain}: browsers and curl lead it to this machine, and to no other`)]
  }
  // A name that nobody has made a record of by hand.
  const name = `trimtab-${randomBytes(4).toString('hex')}.${domain}`
  const found = await Promise.allSettled([names.resolve4(name), names.resolve6(name)])
  const addresses = found.flatMap((each) => (each.status === 'fulfilled' ? each.value : []))
  if (addresses.length === 0) {
    const [{ status, ...why }] = found
    const code = status === 'rejected' ? ((why as { reason: NodeJS.ErrnoException }).reason.code ?? '') : ''
    const remedy = `Make a DNS record *.${domain} with this machine's address; the default hosts of apps need it`
    return [warn(NAME, `${name} is not found${code === '' ? '' : ` (${code})`}`, remedy)]
  }
  const text = `*.${domain} leads to ${addresses.join(', ')}`
  const own = new Set(Object.values(networkInterfaces()).flatMap((each) => (each ?? []).map(({ address }) => address)))
  if (addresses.some((address) => own.has(address))) return [ok(NAME, text)]
  const remedy = 'Fine if something in front of this machine passes requests on to it; else correct the DNS record'
  return [warn(NAME, `${text}, which is no address of this machine's own`, remedy)]
}
