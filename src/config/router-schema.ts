/** `router:` of platform.yaml. */
import { z } from 'zod'
import { duration } from '../manifest/duration.ts'
import { imageName, mapping, oneOf, text } from '../manifest/values.ts'
import { file, flag, listen, webAddress } from './values.ts'

const acme = mapping({
  email: text('expected an email address', /^[^\s@]+@[^\s@]+$/)
    .exactOptional()
    .describe('Where the authority writes to when something is wrong.'),
  challenge: oneOf(['http', 'tls'])
    .exactOptional()
    .describe('How it is shown that a host is ours: over port 80 or over port 443. Default: http.'),
  staging: flag()
    .exactOptional()
    .describe("Let's Encrypt's staging authority: for trying, its certificates are trusted by nobody. Default: false."),
  directory: webAddress('expected the address of an ACME directory')
    .exactOptional()
    .describe("Another authority's directory. Default: Let's Encrypt."),
  ca: file('a file of CA certificates').exactOptional().describe("The authority's own CA, where it is a private one."),
})

const hsts = mapping({
  maxAge: duration('1s', '17520h').exactOptional().describe('Default: 8760h, a year.'),
  includeSubdomains: flag().exactOptional().describe('Default: false.'),
  preload: flag().exactOptional().describe("For browsers' own lists; needs includeSubdomains. Default: false."),
})

const asMapping = mapping({
  listen: listen(1).describe('Where HTTPS requests come in, such as ":443".'),
  acme: z
    .union([flag(), acme], { error: 'expected true, false, or a mapping such as {email: …}' })
    .exactOptional()
    .describe("Certificates from Let's Encrypt, or another ACME authority. Default: true, unless there are files."),
  files: z
    .array(mapping({ certificate: file('a PEM file'), key: file('a PEM file') }, 'expected a mapping {certificate, key}'), {
      error: 'expected a list of {certificate, key}',
    })
    .exactOptional()
    .describe('Certificates from files.'),
  redirect: flag().exactOptional().describe('Send plain HTTP to HTTPS. Default: true.'),
  hsts: z
    .union([flag(), hsts], { error: 'expected true, false, or a mapping such as {maxAge: 8760h}' })
    .exactOptional()
    .describe('Strict-Transport-Security: browsers stay on HTTPS. Default: false.'),
})

const https = z.union([listen(1).transform((at): z.output<typeof asMapping> => ({ listen: at })), asMapping], {
  error: 'expected an address such as ":443", or a mapping such as {listen: ":443", acme: {email: …}}',
})

export const routerSchema = mapping({
  kind: oneOf(['embedded', 'traefik'])
    .default('embedded')
    .describe("embedded: trimtab's own reverse proxy. traefik: Traefik v3."),
  listen: listen(1).exactOptional().describe('Where requests come in. Default: 127.0.0.1:8080; :80 for traefik.'),
  run: oneOf(['binary', 'container', 'external'])
    .exactOptional()
    .describe('traefik: trimtab runs the binary, trimtab runs the container, or somebody else runs it. Default: binary.'),
  binary: file('the Traefik binary')
    .exactOptional()
    .describe('traefik, run: binary. A path, or a name on the PATH. Default: traefik.'),
  image: imageName().exactOptional().describe('traefik, run: container. Default: traefik:v3.'),
  https: https.exactOptional().describe('traefik: where HTTPS requests come in, and the certificates. Default: no HTTPS.'),
  routes: file('a folder')
    .exactOptional()
    .describe('traefik, run: external. The folder its file provider watches; trimtab writes its route files there.'),
  api: webAddress('expected an address such as http://127.0.0.1:8081')
    .exactOptional()
    .describe('traefik, run: external. The address of its API.'),
})
