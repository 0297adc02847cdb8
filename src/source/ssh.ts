/** How git is to call ssh with a key of the operator's, and what it means when a host shows another key than the known one. Pure. */
import type { Address, SshKey } from './address.ts'

/** No question is ever asked of a terminal; a host that does not answer is given up. */
export const SSH_MANNERS = '-oBatchMode=yes -oConnectTimeout=10 -oServerAliveInterval=15 -oServerAliveCountMax=3'

/**
 * A line for the shell that git runs GIT_SSH_COMMAND with (git(1)). Nothing of the user's own settings (-F none), agent or other keys
 * takes part: what opens the repository is what platform.yaml says. ssh_config(5).
 */
export function sshCommand({ key, knownHosts }: SshKey): string {
  const options = [
    `IdentityFile=${asValue(key)}`,
    'IdentitiesOnly=yes',
    'IdentityAgent=none',
    'StrictHostKeyChecking=yes',
    'UpdateHostKeys=no',
    ...(knownHosts === undefined ? [] : [`UserKnownHostsFile=${asValue(knownHosts)}`, 'GlobalKnownHostsFile=none']),
  ]
  return `ssh -F none ${options.map((option) => `-o${quoted(option)}`).join(' ')} ${SSH_MANNERS}`
}

/** Why a path cannot be given to ssh, or null: it has no way to write these. */
export function unwritable(path: string): string | null {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  return /["\\\u0000-\u001f\u007f]|\$\{/.test(path) ? 'its path holds a quote, a backslash, "${" or a control character' : null
}

/** ssh splits at blanks outside of double quotes, and expands % and ${}. */
function asValue(path: string): string {
  return `"${path.replaceAll('%', '%%')}"`
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`
}

/** What ssh (OpenSSH 8–10) says where it does not take the host for the one it knows; null where it says nothing of the kind. */
export function hostKeyProblem(stderr: string, remote: Address & { ssh?: SshKey }): string | null {
  if (!/Host key verification failed|HOST IDENTIFICATION HAS CHANGED|host key is known for/.test(stderr)) return null
  const { host, name } = hostOf(remote.url)
  const own = remote.ssh?.knownHosts
  if (!/HOST IDENTIFICATION HAS CHANGED|Offending/.test(stderr)) {
    const list = own ?? 'the known_hosts of the user who runs trimtab'
    return (
      `the host key of ${host} is not known, so nothing was sent to it. Compare the key that its owner publishes with what ` +
      `\`ssh-keyscan ${asKeyscan(remote.url)}\` shows, and add it to ${list}.`
    )
  }
  const shown = /fingerprint for the (\S+) key sent by the remote host is\s+(\S+?)\.?\s/.exec(stderr)
  const at = /Offending \S+ key in (.+):(\d+)/.exec(stderr)
  const list = own ?? at?.[1] ?? 'known_hosts'
  const now = shown ? ` It shows ${shown[1]} ${shown[2]} now.` : ''
  const line = at ? ` (line ${at[2]} of ${list} has another one)` : ''
  return (
    `the host key of ${host} has changed${line}, or somebody else answers in its place; nothing was sent.${now} ` +
    `If its owner says that this is right: ssh-keygen -R '${name}' -f '${list}', and add the new key.`
  )
}

/** `name`: as known_hosts has it, with the port where it is not 22 (sshd(8)). */
function hostOf(url: string): { host: string; name: string } {
  const { hostname, port } = partsOf(url)
  return { host: port === '' ? hostname : `${hostname} (port ${port})`, name: port === '' ? hostname : `[${hostname}]:${port}` }
}

function asKeyscan(url: string): string {
  const { hostname, port } = partsOf(url)
  return port === '' ? hostname : `-p ${port} ${hostname}`
}

/** Of an ssh:// or scp-like address. The hostname without brackets. */
export function partsOf(url: string): { hostname: string; port: string } {
  if (url.startsWith('ssh://')) {
    const { hostname, port } = new URL(url)
    return { hostname: hostname.replace(/^\[|\]$/g, ''), port: port === '22' ? '' : port }
  }
  const hostname = /^(?:[^@/]*@)?(\[[^\]]+\]|[^:/]+):/.exec(url)?.[1] ?? url
  return { hostname: hostname.replace(/^\[|\]$/g, ''), port: '' }
}
