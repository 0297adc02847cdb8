/** What of the operator's environment reaches git: a list of what is needed, so that a stray GIT_DIR is not. */
import { caFile } from '../web/certificates.ts'
import { SSH_MANNERS } from './ssh.ts'

const PASSED = [
  'PATH',
  'HOME',
  'USER',
  'LOGNAME',
  'TMPDIR',
  'SSH_AUTH_SOCK',
  'GIT_SSL_CAINFO',
  'GIT_SSL_CAPATH',
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
  'CURL_CA_BUNDLE',
  'http_proxy',
  'https_proxy',
  'HTTPS_PROXY',
  'all_proxy',
  'ALL_PROXY',
  'no_proxy',
  'NO_PROXY',
]

/** For every git process: no prompt, no user or system settings, messages in English because they are read. */
export function gitEnvironment(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const out: NodeJS.ProcessEnv = {}
  for (const name of PASSED) if (env[name] !== undefined) out[name] = env[name]
  const ca = caFile(env)
  if (ca) out.GIT_SSL_CAINFO = ca
  return {
    ...out,
    LC_ALL: 'C',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_ATTR_NOSYSTEM: '1',
    GIT_TERMINAL_PROMPT: '0',
    GIT_ASKPASS: '',
    // A partial clone must not fetch from where its own configuration says (CVE-2024-32004); git before 2.39.4 ignores this.
    GIT_NO_LAZY_FETCH: '1',
    GIT_NO_REPLACE_OBJECTS: '1',
    GIT_OPTIONAL_LOCKS: '0',
    GIT_SSH_COMMAND: `${env.GIT_SSH_COMMAND ?? 'ssh'} ${SSH_MANNERS}`,
    GIT_SSH_VARIANT: 'ssh',
  }
}

/** Whether a proxy is to be used for this URL, by curl's rules as far as names go (curl(1), "ENVIRONMENT"). Node's http knows no proxies, so git asks there. */
export function proxied(url: URL, env: NodeJS.ProcessEnv): boolean {
  const own = url.protocol === 'https:' ? env.https_proxy || env.HTTPS_PROXY : env.http_proxy
  if (!(own || env.all_proxy || env.ALL_PROXY)) return false
  const not = (env.no_proxy || env.NO_PROXY || '').split(',').map((name) => name.trim().toLowerCase().replace(/^\./, ''))
  const host = url.hostname.toLowerCase()
  return !not.some((name) => name === '*' || (name !== '' && (host === name || host.endsWith(`.${name}`))))
}
