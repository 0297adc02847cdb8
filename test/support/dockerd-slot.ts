/**
 * One of the places that a machine has for test engines: a folder, addresses, and names in the packet filter, all told by its
 * number. Who has the folder has them all.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { claim, inherit } from './claim.ts'

/** The same for all runs on the machine, on a disk, and short, as the paths of sockets must be. */
const BASE = '/var/tmp/trimtab-dockerd'
/** 10.0.0.0/8 in parts of a /14 each. From 10.192 on, addresses are the tests' own to choose. */
const SLOTS = 48

export const poolOf = (slot: number) => `10.${slot * 4}.0.0/14`
/** The engine's default network: without one, an engine deletes docker0, which may be another's (dockerd, --bridge none). */
export const bridgeOf = (slot: number) => ({ name: `trimtab-t${slot}`, address: `10.${slot * 4 + 3}.255.1/24` })
export const chainOf = (slot: number) => `TRIMTAB-${slot}`

/** Whose address this is, or null. */
export function slotOf(address: string): number | null {
  const second = /^10\.(\d+)\.\d+\.\d+(\/\d+)?$/.exec(address)?.[1]
  return second === undefined ? null : Number(second) >> 2
}

/** Takes one that nobody has, and whose addresses this machine does not know. */
export function takeSlot(): { slot: number; dir: string } {
  const used = known()
  for (let i = 0; i < SLOTS; i++) {
    const slot = (process.pid + i) % SLOTS
    const dir = join(BASE, String(slot))
    if (!used.has(slot) && claim(dir)) return { slot, dir }
  }
  throw new Error(`There is no room for another engine in ${BASE}.`)
}

/** Folders of processes that have died; they are the caller's now. */
export function deadSlots(): string[] {
  mkdirSync(BASE, { recursive: true, mode: 0o700 })
  return readdirSync(BASE).flatMap((name) => (/^\d+$/.test(name) && inherit(join(BASE, name)) ? [join(BASE, name)] : []))
}

function known(): Set<number> {
  const lines = readFileSync('/proc/net/route', 'utf8').trim().split('\n').slice(1)
  // Addresses in hexadecimal, the last byte first.
  const addresses = lines.map((line) =>
    Buffer.from(line.split('\t')[1] ?? '', 'hex')
      .reverse()
      .join('.'),
  )
  // A name server may be beyond the default route.
  if (existsSync('/etc/resolv.conf')) addresses.push(...readFileSync('/etc/resolv.conf', 'utf8').split(/\s+/))
  return new Set(addresses.flatMap((address) => slotOf(address) ?? []))
}
