/** What git said on stderr, as one of our errors. Pure. */
import { TrimtabError } from '../errors.ts'
import type { Address, Remote, SshKey } from './address.ts'
import type { GitResult } from './git.ts'
import { HostFault } from './hostFault.ts'
import { hostKeyProblem } from './ssh.ts'

/** 'unknown' may also be the fault of the mirror. */
export type GitFault = 'gone' | 'auth' | 'branch' | 'disk' | 'network' | 'timeout' | 'unknown'

/** In this order: ssh ends every refusal with "Could not read from remote repository". Texts of git 2.30–2.50, OpenSSH 8–10, curl 7–8. */
const FAULTS: Array<[GitFault, RegExp]> = [
  ['disk', /No space left on device|Disk quota exceeded/i],
  ['branch', /couldn't find remote ref/i],
  [
    'auth',
    /Authentication failed|could not read (Username|Password)|returned error: 40[13]|Permission denied \(|Host key verification failed|Too many authentication failures/i,
  ],
  [
    'gone',
    /repository '[^\n]*' not found|Repository not found|does not appear to be a git repository|not a git repository|' does not exist|returned error: (404|410)|\/info\/refs not valid/i,
  ],
  [
    'network',
    /Could not resolve|Failed to connect|Couldn't connect|Connection (refused|reset|timed out|closed)|Operation (timed out|too slow)|No route to host|Network is unreachable|returned error: (429|5\d\d)|certificate|SSL|TLS|Empty reply|RPC failed|early EOF|unexpected disconnect|hung up|Could not read from remote|kex_exchange|unable to update url base/i,
  ],
]

export function faultOf(result: GitResult): GitFault {
  if (result.timedOut) return 'timeout'
  return FAULTS.find(([, pattern]) => pattern.test(result.stderr))?.[0] ?? 'unknown'
}

/** The error for a git that failed to ask or to fetch. */
export function gitError(result: GitResult, remote: Remote, timeoutMs: number): TrimtabError {
  const said = lastLines(result.stderr)
  const host = remote.kind === 'ssh' ? hostKeyProblem(result.stderr, remote) : null
  if (host !== null) return unreachable(remote, host)
  switch (faultOf(result)) {
    case 'gone':
      return gone(remote, said)
    case 'auth':
      return unreachable(remote, `${said}\n${authHint(remote)}`)
    case 'disk':
      return new TrimtabError(
        'DiskFull',
        `The disk is full: fetching ${remote.url} failed (${said}). Free some space; trimtab goes on by itself.`,
        {
          retry: true,
        },
      )
    case 'timeout':
      return away(remote, `git did not finish within ${Math.round(timeoutMs / 1000)} s and was ended.`)
    case 'network':
      return away(remote, said)
    default:
      return unreachable(remote, said || `git was ended (exit code ${result.code}).`)
  }
}

/** The repository is not there. */
export function gone(remote: Address, detail: string): TrimtabError {
  const next =
    remote.kind === 'local'
      ? 'Check `repo` in platform.yaml.'
      : 'Check `repo` in platform.yaml; for a private repository, also whether its `auth` may read it.'
  return new TrimtabError('RepositoryGone', `There is no git repository at ${remote.url}: ${detail} ${next}`)
}

/** It may be there, and cannot be asked now. */
export function unreachable(remote: Address, detail: string, cause?: unknown): TrimtabError {
  return new TrimtabError('SourceUnreachable', `${remote.url} cannot be read: ${detail}`, { retry: true, cause })
}

/** It may be its host that cannot be asked; a path has none. */
function away(remote: Address, detail: string): TrimtabError {
  return remote.kind === 'local' ? unreachable(remote, detail) : new HostFault(remote, detail, { isSure: false })
}

export function authHint(remote: Address & { ssh?: SshKey }): string {
  switch (remote.kind) {
    case 'http':
      // biome-ignore lint/suspicious/noTemplateCurlyInString: it is what the operator writes
      return 'Give the app an `auth` that may read the repository, e.g. auth: {token: "${GIT_TOKEN}"}.'
    case 'ssh':
      if (remote.ssh)
        return `The host has to accept the key ${remote.ssh.key}, which may have no passphrase: add its public half there.`
      return "The user that runs trimtab needs a key without a passphrase (or an agent) that the host accepts, and the host's key in known_hosts."
    case 'local':
      return 'The user that runs trimtab must be able to read it.'
  }
}

/** The last lines that say something, without git's advice on access rights. */
function lastLines(stderr: string): string {
  const noise = /^(Please make sure you have the correct access rights|and the repository exists\.|hint: .*|\s*)$/
  const lines = stderr.split(/[\r\n]+/).filter((line) => !noise.test(line))
  return lines.slice(-3).join('\n')
}
