// Prints what the JVM has to be told of the build's network, one option a line: a store of the certificates in SSL_CERT_FILE,
// which is made here, and the proxies.
import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'

const env = process.env
const [, , store] = process.argv

// In Java's own format, which every JDK reads; keytool takes half a second for each certificate of the hundreds.
// (sun.security.provider.JavaKeyStore: magic, version, count; tag, alias, time, kind, certificate; a salted SHA-1 of it all.)
function keyStore(certificates) {
  const int = (value) => Buffer.from(new Uint32Array([value]).buffer).swap32()
  const text = (value) => Buffer.concat([int(value.length).subarray(2), Buffer.from(value)])
  const entries = certificates.map((der, at) => [int(2), text(`ca${at}`), Buffer.alloc(8), text('X.509'), int(der.length), der])
  const content = Buffer.concat([int(0xfeedfeed), int(2), int(certificates.length), ...entries.flat()])
  const password = Buffer.from('changeit', 'utf16le').swap16()
  return Buffer.concat([content, createHash('sha1').update(password).update('Mighty Aphrodite').update(content).digest()])
}

function certificatesIn(bundle) {
  const blocks = bundle.matchAll(/-----BEGIN (?:TRUSTED )?CERTIFICATE-----([\sA-Za-z0-9+/=]+)-----END/g)
  return [...blocks].map(([, base64]) => Buffer.from(base64, 'base64'))
}

/** Its own names for what curl and the others read from http_proxy, https_proxy and no_proxy. */
function proxies() {
  const given = (name) => env[name] ?? env[name.toUpperCase()] ?? ''
  const options = ['http', 'https'].flatMap((scheme) => {
    if (given(`${scheme}_proxy`) === '') return []
    const { hostname, port, protocol, username, password } = new URL(given(`${scheme}_proxy`).replace(/^(?!\w+:\/\/)/, 'http://'))
    return [
      [`${scheme}.proxyHost`, hostname.replace(/^\[|\]$/g, '')],
      [`${scheme}.proxyPort`, port || (protocol === 'https:' ? '443' : '80')],
      [`${scheme}.proxyUser`, decodeURIComponent(username)],
      [`${scheme}.proxyPassword`, decodeURIComponent(password)],
    ]
  })
  const direct = given('no_proxy')
    .split(',')
    .map((host) => host.trim().replace(/^\./, '*.'))
    .filter((host) => host !== '')
  if (options.length === 0) return []
  // A password is sent through a tunnel only if this list is empty; Maven 3.9 heeds such options only if it is told to.
  const more = [
    ['jdk.http.auth.tunneling.disabledSchemes', ' '],
    ['aether.connector.http.useSystemProperties', 'true'],
  ]
  const none = direct.length > 0 ? ['localhost', '127.*', '[::1]', ...direct].join('|') : ''
  return [...options, ['http.nonProxyHosts', none], ...more].filter(([, value]) => value !== '')
}

function trust() {
  if (!env.SSL_CERT_FILE) return []
  const certificates = certificatesIn(readFileSync(env.SSL_CERT_FILE, 'latin1'))
  if (certificates.length === 0) return []
  writeFileSync(store, keyStore(certificates), { mode: 0o600 })
  return [
    ['javax.net.ssl.trustStore', store],
    ['javax.net.ssl.trustStorePassword', 'changeit'],
    ['javax.net.ssl.trustStoreType', 'JKS'],
  ]
}

for (const [name, value] of [...trust(), ...proxies()]) {
  process.stdout.write(`"-D${name}=${value.trim().replace(/["\\]/g, '\\$&')}"\n`)
}
