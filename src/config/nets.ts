/** Whose business an address is. Pure. */
import { BlockList, isIP } from 'node:net'

/** Addresses of this very link, and of what clouds have put elsewhere for the same use: metadata of AWS by IPv6, Alibaba and Oracle, Azure's wire server. */
const LINK_LOCAL = listOf(
  [
    ['169.254.0.0', 16],
    ['192.0.0.192', 32],
    ['100.100.100.200', 32],
    ['168.63.129.16', 32],
  ],
  [
    ['fe80::', 10],
    ['fd00:ec2::', 32],
  ],
)

/** This machine itself, and everybody at once. */
const SELF = listOf(
  [
    ['0.0.0.0', 8],
    ['127.0.0.0', 8],
    ['224.0.0.0', 3],
  ],
  [
    ['::', 127],
    ['ff00::', 8],
  ],
)

function listOf(four: Array<[net: string, bits: number]>, six: Array<[net: string, bits: number]>): BlockList {
  const list = new BlockList()
  for (const [net, bits] of four) list.addSubnet(net, bits, 'ipv4')
  for (const [net, bits] of six) list.addSubnet(net, bits, 'ipv6')
  return list
}

/** Whether only a neighbour, or a cloud's own machinery, answers there: no git server does. What is no address counts as one. */
export function isLinkLocal(address: string): boolean {
  return isOn(LINK_LOCAL, address)
}

/**
 * Whether it is link-local or this machine itself: where a machine, its cloud or its neighbours answer what is nobody else's business.
 * Private networks are none of them: that is where many keep what they have built. What is no address counts as one.
 */
export function isLocal(address: string): boolean {
  return isOn(LINK_LOCAL, address) || isOn(SELF, address)
}

function isOn(list: BlockList, address: string): boolean {
  const family = isIP(address)
  if (family === 4) return list.check(address, 'ipv4')
  if (family !== 6) return true
  const plain = address.replace(/%.*$/, '')
  const inside = insideOf(groupsOf(plain))
  return list.check(plain, 'ipv6') || (inside !== null && list.check(inside, 'ipv4'))
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
