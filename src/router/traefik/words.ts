/** What Traefik says, in its log or before there is one → words for a person. Pure. */
import type { Listen } from '../../domain.ts'
import { TrimtabError } from '../../errors.ts'
import { addressOf } from './static.ts'

/** The last errors of a Traefik that did not start; '' where it said nothing. */
export function lastWords(text: string): string {
  const errors = text.split('\n').flatMap((line) => {
    const { level, error, message } = lineOf(line)
    if (level === 'error' || level === 'fatal' || level === 'panic') return [error ?? message ?? '']
    // Before its log is open it writes plain lines, a date in front.
    const plain = /^(?:\d{4}\/\d\d\/\d\d [\d:]+ )?(?:\S+\.go:\d+: )?(.*\b(?:error|panic|fatal)\b.*)$/i.exec(line)?.[1]
    return level === undefined && plain ? [plain] : []
  })
  return (errors.at(-1) ?? '').replace(/^command traefik error: /, '')
}

interface Line {
  level?: string
  error?: string
  message?: string
  time?: string
  filename?: string
  routerName?: string
}

/** A line of its log; {} for anything else. */
export function lineOf(line: string): Line {
  if (!line.startsWith('{')) return {}
  try {
    return JSON.parse(line)
  } catch {
    return {}
  }
}

/** Another program has one of its addresses. */
export function isAddressInUse(words: string): boolean {
  return /address already in use|port is already allocated/.test(words)
}

/** Whether these words are about this port. */
export function concernsPort(words: string, port: number): boolean {
  return new RegExp(`:${port}\\b`).test(words)
}

/** Why it did not start, and what to do. `listens`: what platform.yaml says. */
export function startFailure(words: string, listens: Listen[], log: string): TrimtabError {
  const said = words === '' ? 'it said nothing' : words
  const which = listens.find(({ port }) => concernsPort(words, port))
  const where = which ? addressOf(which) : ''
  const other = 'choose another address in platform.yaml (router.listen, router.https.listen)'
  const message = (() => {
    if (which && isAddressInUse(words)) {
      return `Traefik cannot listen on ${where}: another program has port ${which.port}. Stop that program, or ${other}. Traefik says: ${said}`
    }
    if (which && /permission denied/.test(words)) {
      const allow = `sysctl net.ipv4.ip_unprivileged_port_start=${which.port}, or setcap cap_net_bind_service=+ep on the binary`
      return `Traefik may not listen on ${where}: ports below 1024 are kept for root. Allow it (${allow}), or ${other}. Traefik says: ${said}`
    }
    if (which && /cannot assign requested address|no such host/.test(words)) {
      return `Traefik cannot listen on ${where}: this machine has no such address; ${other}. Traefik says: ${said}`
    }
    return `Traefik has ended right after its start: ${said}. Its log: ${log}`
  })()
  return new TrimtabError('RouterUnavailable', message, { retry: true })
}
