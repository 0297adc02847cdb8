/** What of the operator's environment reaches git and TLS: a list of what is needed, so that a stray GIT_DIR is not. */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { rootCertificates } from 'node:tls'

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
    // No question is ever asked of a terminal; a host that does not answer is given up.
    GIT_SSH_COMMAND: `${env.GIT_SSH_COMMAND ?? 'ssh'} -oBatchMode=yes -oConnectTimeout=10 -oServerAliveInterval=15 -oServerAliveCountMax=3`,
    GIT_SSH_VARIANT: 'ssh',
  }
}

/** The CA bundle the operator chose, for git or for everything; the git inside Debian does not read SSL_CERT_FILE by itself. */
function caFile(env: NodeJS.ProcessEnv): string | undefined {
  return env.GIT_SSL_CAINFO || env.CURL_CA_BUNDLE || env.SSL_CERT_FILE || configuredCa(env)
}

/** `http.sslCAInfo` is the one setting of the operator's own git configuration that is kept. */
function configuredCa(env: NodeJS.ProcessEnv): string | undefined {
  try {
    const args = ['config', '--type=path', '--get', 'http.sslCAInfo']
    return execFileSync('git', args, { cwd: '/', env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim() || undefined
  } catch {
    return undefined
  }
}

/** Certificates for Node's own TLS: its built-in ones and the operator's. undefined: Node's default is right. */
export function certificates(env: NodeJS.ProcessEnv): string[] | undefined {
  const files = new Set([caFile(env), env.NODE_EXTRA_CA_CERTS].filter((file) => file !== undefined && file !== ''))
  const extra: string[] = []
  for (const file of files) {
    try {
      extra.push(readFileSync(file as string, 'utf8'))
    } catch {
      // Named but not there: git says so when it comes to the fetch.
    }
  }
  return extra.length > 0 ? [...rootCertificates, ...extra] : undefined
}

/** Whether a proxy is to be used for this URL, by curl's rules as far as names go (curl(1), "ENVIRONMENT"). Node's http knows no proxies, so git asks there. */
export function proxied(url: URL, env: NodeJS.ProcessEnv): boolean {
  const own = url.protocol === 'https:' ? env.https_proxy || env.HTTPS_PROXY : env.http_proxy
  if (!(own || env.all_proxy || env.ALL_PROXY)) return false
  const not = (env.no_proxy || env.NO_PROXY || '').split(',').map((name) => name.trim().toLowerCase().replace(/^\./, ''))
  const host = url.hostname.toLowerCase()
  return !not.some((name) => name === '*' || (name !== '' && (host === name || host.endsWith(`.${name}`))))
}
