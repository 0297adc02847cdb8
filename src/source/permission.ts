/** What one git may do besides reading our own disk. Pure. */
import { basic, type Remote } from './address.ts'
import { sshCommand } from './ssh.ts'

/** The environment of one git: which protocol it may speak, and the credentials, which are never in argv, a URL or a file. */
export function permission(remote: Remote | undefined): NodeJS.ProcessEnv {
  if (!remote) return { GIT_ALLOW_PROTOCOL: 'none' }
  const allow = { GIT_ALLOW_PROTOCOL: remote.protocol }
  if (remote.kind === 'ssh') return remote.ssh ? { ...allow, GIT_SSH_COMMAND: sshCommand(remote.ssh) } : allow
  if (remote.kind === 'local') return allow
  const settings: Array<[name: string, value: string]> = []
  if (remote.credentials) settings.push(['http.extraHeader', `Authorization: ${basic(remote.credentials)}`])
  // Where it was found to be; git before 2.37 looks for itself.
  if (remote.addresses) settings.push(['http.curloptResolve', pinned(new URL(remote.url), remote.addresses)])
  const pairs = settings.flatMap(([name, value], i) => [
    [`GIT_CONFIG_KEY_${i}`, name],
    [`GIT_CONFIG_VALUE_${i}`, value],
  ])
  return { ...allow, GIT_CONFIG_COUNT: String(settings.length), ...Object.fromEntries(pairs) }
}

/** As CURLOPT_RESOLVE(3) has it. */
function pinned({ protocol, hostname, port }: URL, addresses: string[]): string {
  const list = addresses.map((address) => (address.includes(':') ? `[${address}]` : address))
  return `${hostname}:${port || (protocol === 'https:' ? 443 : 80)}:${list.join(',')}`
}
