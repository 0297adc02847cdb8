import { lookup } from 'node:dns'
import { BlockList, isIP, type LookupFunction } from 'node:net'

/**
 * Addresses at which a machine, its cloud or its neighbours answer what is nobody else's business: itself, link-local ones, and what
 * clouds have put elsewhere (metadata of AWS by IPv6, Alibaba and Oracle, Azure's wire server). What a repository names is not to
 * make trimtab ask there. Private networks are none of them: that is where many keep what they have built.
 */
const LOCAL = new BlockList()
for (const [net, bits] of [
  ['0.0.0.0', 8],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['192.0.0.192', 32],
  ['100.100.100.200', 32],
  ['168.63.129.16', 32],
  ['224.0.0.0', 3],
] as const) {
  LOCAL.addSubnet(net, bits, 'ipv4')
}
for (const [net, bits] of [
  ['::', 127],
  ['fe80::', 10],
  ['ff00::', 8],
  ['fd00:ec2::', 32],
] as const) {
  LOCAL.addSubnet(net, bits, 'ipv6')
}

/** Whether an address is one of these. What is no address counts as one. */
export function isLocal(address: string): boolean {
  const family = isIP(address)
  if (family === 4) return LOCAL.check(address, 'ipv4')
  if (family !== 6) return true
  const plain = address.replace(/%.*$/, '')
  const inside = insideOf(groupsOf(plain))
  return LOCAL.check(plain, 'ipv6') || (inside !== null && LOCAL.check(inside, 'ipv4'))
}

/** The IPv4 address that an IPv6 one stands for: mapped, or as translators (RFC 6052) and 6to4 (RFC 3056) write it. */
function insideOf(groups: number[]): string | null {
  const start = groups
    .slice(0, 6)
    .map((group) => group.toString(16))
    .join(':')
  const at = ['0:0:0:0:0:ffff', '0:0:0:0:0:0', '64:ff9b:0:0:0:0'].includes(start) ? 6 : groups[0] === 0x2002 ? 1 : null
  if (at === null) return null
  const [high = 0, low = 0] = groups.slice(at, at + 2)
  return [high >> 8, high & 255, low >> 8, low & 255].join('.')
}

/** The eight numbers of an IPv6 address. */
function groupsOf(address: string): number[] {
  const plain = address.replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_, a, b, c, d) => {
    const pair = (high: string, low: string) => (Number(high) * 256 + Number(low)).toString(16)
    return `${pair(a, b)}:${pair(c, d)}`
  })
  const [left = [], right = []] = plain.split('::').map((half) => half.split(':').filter((group) => group !== ''))
  const middle = Array.from({ length: 8 - left.length - right.length }, () => '0')
  return [...left, ...(plain.includes('::') ? middle : []), ...right].map((group) => Number.parseInt(group, 16))
}

/** As the system looks names up, without addresses that are local: what is checked is what is connected to. */
export const lookupElsewhere: LookupFunction = (host, options, callback) => {
  lookup(host, { ...options, all: true }, (error, addresses) => {
    if (error) return callback(error, [])
    const elsewhere = addresses.filter(({ address }) => !isLocal(address))
    const [first] = elsewhere
    if (first === undefined) return callback(new LocalAddress(host), [])
    if (options.all) callback(null, elsewhere)
    else callback(null, first.address, first.family)
  })
}

/** What is asked for is at an address that nobody is to be sent to. */
export class LocalAddress extends Error {
  constructor(host: string) {
    super(`${host} is this machine itself, or a link-local address (platform.yaml: artifacts: {local: true} allows it)`)
    this.name = 'LocalAddress'
  }
}
