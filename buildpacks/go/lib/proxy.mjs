// Asking the servers of GOPROXY (go.dev/ref/mod#goproxy-protocol), with curl: it knows proxies, certificates and file:// addresses.
import { execFileSync } from 'node:child_process'
import { STATUS_CODES } from 'node:http'

/** None of the servers has it (404, 410). */
export class Missing extends Error {}
/** A server was not to be reached, or refused. */
export class Unreachable extends Error {}

/** Where golang.org/toolchain is without a proxy: what its go-import record says. */
const DIRECT = 'https://go.dev/dl/mod'

/** Gives what is at this path of the first server that has it; into a file, where one is named. */
export function ask(path, file) {
  // After `,` the next one is asked if something is missing, after `|` whatever was wrong.
  const servers = [...(process.env.GOPROXY || 'direct').matchAll(/([^,|]+)([,|]?)/g)]
  let last = new Missing('GOPROXY names no server.')
  for (const [, name, separator] of servers) {
    const server = name.trim()
    if (server === 'off') throw new Unreachable('GOPROXY is off: nothing may be downloaded, and no fitting Go is installed.')
    try {
      return get(`${server === 'direct' ? DIRECT : server.replace(/\/$/, '')}/${path}`, file)
    } catch (error) {
      last = error
      if (!(error instanceof Missing) && separator !== '|') break
    }
  }
  throw last
}

/** The servers of GOPROXY that may also speak for a checksum database. */
export function mirrors() {
  const names = (process.env.GOPROXY || 'direct').split(/[,|]/).map((name) => name.trim().replace(/\/$/, ''))
  return names.filter((name) => name !== '' && name !== 'direct' && name !== 'off')
}

export function get(url, file) {
  const options = ['--silent', '--show-error', '--location', '--proto', '=https,http,file', '--proto-redir', '=https,http']
  const limits = ['--connect-timeout', '20', '--speed-time', '60', '--speed-limit', '1', '--retry', '2']
  // The status goes behind the content: 000 of a file.
  const args = [...options, ...limits, '--write-out', '%{http_code}', '--output', file ?? '-', url]
  let said
  try {
    said = execFileSync('curl', args, { maxBuffer: 2 ** 26, stdio: ['ignore', 'pipe', 'pipe'] })
  } catch (error) {
    // 37: no such file, of a file:// address.
    if (error.status === 37) throw new Missing(`${shown(url)}: there is no such file`)
    throw new Unreachable(`${shown(url)}: ${String(error.stderr ?? error.message).trim()}`)
  }
  const status = Number(said.subarray(-3).toString())
  if (status === 200 || status === 0) return said.subarray(0, -3)
  const answer = `${shown(url)}: ${status} ${STATUS_CODES[status] ?? ''}`
  throw status === 404 || status === 410 ? new Missing(answer) : new Unreachable(answer)
}

/** An address without the name and password that may be in it. */
function shown(url) {
  return url.replace(/\/\/[^/@]*@/, '//')
}
