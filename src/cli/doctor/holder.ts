/** Who listens on a port, as far as Linux tells this user: proc_net(5), proc_pid_fd(5). */
import { readdir, readFile, readlink } from 'node:fs/promises'
import { isIPv4 } from 'node:net'
import type { Listen } from '../../domain.ts'

export interface Holder {
  /** `nginx (pid 12)`, or whose it is. */
  name: string
  pid?: number
}

const LISTENING = '0A'
const ANY = /^0+$/

/** Null: it cannot be told. */
export async function holderOf(listen: Listen): Promise<Holder | null> {
  const tables = await Promise.all(['tcp', 'tcp6'].map((name) => readFile(`/proc/net/${name}`, 'utf8').catch(() => '')))
  const socket = tables.flatMap((table) => table.split('\n').slice(1)).flatMap((line) => socketOf(line, listen) ?? [])[0]
  if (socket === undefined) return null
  const pid = await processOf(socket.inode)
  if (pid === null) return { name: `a program of user ${socket.user}` }
  const name = (await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => '')).trim()
  return { name: `${name || 'a program'} (pid ${pid})`, pid }
}

/** Of one line of /proc/net/tcp, if it is a socket that stands in the way. */
function socketOf(line: string, { host, port }: Listen): { inode: string; user: string } | null {
  const [, local = '', , state, , , , user = '', , inode = ''] = line.trim().split(/\s+/)
  const [address = '', hex = ''] = local.split(':')
  if (state !== LISTENING || Number.parseInt(hex, 16) !== port) return null
  const same = !isIPv4(host) || host === '0.0.0.0' || ANY.test(address) || address.endsWith(reversed(host))
  return same ? { inode, user } : null
}

/** 127.0.0.1 as the kernel prints it on a little-endian machine. */
function reversed(address: string): string {
  return address
    .split('.')
    .reverse()
    .map((part) => Number(part).toString(16).padStart(2, '0').toUpperCase())
    .join('')
}

async function processOf(inode: string): Promise<number | null> {
  const pids = (await readdir('/proc').catch(() => [])).filter((name) => /^\d+$/.test(name))
  for (const pid of pids) {
    const descriptors = await readdir(`/proc/${pid}/fd`).catch(() => [])
    for (const descriptor of descriptors) {
      const target = await readlink(`/proc/${pid}/fd/${descriptor}`).catch(() => '')
      if (target === `socket:[${inode}]`) return Number(pid)
    }
  }
  return null
}
