/** Ports and names. */
import { lookup } from 'node:dns/promises'
import { createServer } from 'node:net'
import type { Listen } from '../../domain.ts'
import { type Check, fail, ok, warn } from './check.ts'

/** `key` is the one in platform.yaml. `running`: `up` has this state, so a port in use is in use by it. */
export async function checkPort(key: string, listen: Listen, running: boolean): Promise<Check> {
  const where = `${listen.host}:${listen.port}`
  const code = await tryListen(listen)
  if (code === null) return ok(key, `${where} is free`)
  if (code === 'EADDRINUSE' && running) return ok(key, `${where}, in use by trimtab`)
  if (code === 'EADDRINUSE') {
    const who = key === 'router.listen' ? "trimtab's router goes on when `up` ends; if it is not that" : 'If it is not trimtab'
    return warn(key, `${where} is in use`, `${who}, end the other program or set another ${key} in platform.yaml`)
  }
  if (code === 'EACCES')
    return fail(
      key,
      `${where}: ports below 1024 need a right`,
      `Set another ${key}, or sysctl net.ipv4.ip_unprivileged_port_start=80`,
    )
  return fail(key, `${where}: ${code}`, `Set ${key} in platform.yaml to an address of this machine`)
}

/** The error's code; null: one could listen. */
async function tryListen({ host, port }: Listen): Promise<string | null> {
  const server = createServer()
  return new Promise((resolve) => {
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message))
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(null)))
  })
}

/** Every name under the domain has to lead here. */
export async function checkDns(domain: string): Promise<Check> {
  const name = `trimtab-doctor.${domain}`
  // RFC 6761, 6.3: browsers and curl take these for loopback without asking anybody.
  if (domain === 'localhost' || domain.endsWith('.localhost'))
    return ok('dns', `*.${domain}: browsers and curl lead it to this machine`)
  try {
    const { address } = await lookup(name)
    return ok('dns', `*.${domain} leads to ${address}`)
  } catch (error) {
    const remedy = `Make a DNS record *.${domain} with this machine's address; app host names need it`
    return warn('dns', `${name} is not found (${(error as NodeJS.ErrnoException).code})`, remedy)
  }
}
