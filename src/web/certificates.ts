/** Whom Node's own TLS trusts: its built-in authorities and the operator's, as git and curl know them. */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { rootCertificates } from 'node:tls'

/** The CA bundle the operator chose, for git or for everything; the git inside Debian does not read SSL_CERT_FILE by itself. */
export function caFile(env: NodeJS.ProcessEnv): string | undefined {
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
