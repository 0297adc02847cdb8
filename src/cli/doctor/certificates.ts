/** Certificates, as far as they are known before anybody asks for a page. */
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import type { Https, PlatformSpec } from '../../domain.ts'
import { type Check, fail, ok, warn } from './check.ts'

const NAME = 'certificate'
const DAY_MS = 86_400_000
/** Those of Let's Encrypt are renewed 30 days before their end: one that is as old as this was forgotten. */
const SOON_DAYS = 14

export async function checkCertificates({ router, domain, builds }: PlatformSpec): Promise<Check[]> {
  const https = router.kind === 'traefik' ? router.https : undefined
  const files = https?.files ?? []
  const read = await Promise.all(files.map((file) => readPair(file)))
  return [
    ...(await checkAuthorities('builds.ca', builds.ca)),
    ...(await checkAuthorities('router.https.acme.ca', https?.acme?.ca)),
    ...read.map(({ check }) => check),
    ...(https?.acme ? checkAcme(https.acme, domain, router.listen.port, https.listen.port) : []),
    ...(files.length > 0 && !https?.acme
      ? checkCover(
          read.flatMap(({ certificate }) => certificate ?? []),
          domain,
        )
      : []),
  ]
}

interface Pair {
  check: Check
  /** Absent where it cannot be used. */
  certificate?: X509Certificate
}

async function readPair({ certificate: path, key }: Https['files'][number]): Promise<Pair> {
  let certificate: X509Certificate
  try {
    certificate = new X509Certificate(await readFile(path))
  } catch (error) {
    return {
      check: fail(NAME, `${path}: ${whyOf(error, 'is no certificate in PEM')}`, 'Correct router.https.files in platform.yaml'),
    }
  }
  try {
    if (!certificate.checkPrivateKey(createPrivateKey(await readFile(key)))) {
      return { check: fail(NAME, `${key} is not the key of ${path}`, 'Correct router.https.files in platform.yaml') }
    }
  } catch (error) {
    return {
      check: fail(
        NAME,
        `${key}: ${whyOf(error, 'is no private key in PEM, or has a passphrase')}`,
        'Correct router.https.files in platform.yaml',
      ),
    }
  }
  const check = checkDates(certificate, path)
  return check.level === 'fail' ? { check } : { check, certificate }
}

function checkDates({ validFrom, validTo }: X509Certificate, path: string): Check {
  const days = Math.floor((Date.parse(validTo) - Date.now()) / DAY_MS)
  const until = new Date(validTo).toISOString().slice(0, 10)
  if (days < 0) return fail(NAME, `${path} has expired on ${until}`, 'Put a new one in its place')
  if (Date.parse(validFrom) > Date.now()) return fail(NAME, `${path} is not valid before ${validFrom}`, 'Is the clock right?')
  const text = `${path}, valid until ${until}`
  return days < SOON_DAYS ? warn(NAME, `${text}: ${days} days`, 'Put a new one in its place') : ok(NAME, text)
}

/** Without an authority to ask, the files have to do for every app's default host. */
function checkCover(certificates: X509Certificate[], domain: string): Check[] {
  if (certificates.length === 0 || certificates.some((one) => one.checkHost(`trimtab-doctor.${domain}`) !== undefined)) return []
  return [
    warn(
      NAME,
      `none is for *.${domain}: browsers refuse the default hosts of apps`,
      `Get one for *.${domain}, or name hosts in each app.yaml`,
    ),
  ]
}

function checkAcme({ challenge, directory }: NonNullable<Https['acme']>, domain: string, http: number, https: number): Check[] {
  const name = 'acme'
  const public_ = new URL(directory).hostname.endsWith('.letsencrypt.org')
  if (public_ && (domain === 'localhost' || domain.endsWith('.localhost'))) {
    return [warn(name, `Let's Encrypt gives no certificates for *.${domain}`, 'Set `domain:` to one of your own, or use files')]
  }
  // RFC 8555, 8.3 and RFC 8737: always these two.
  const [needed, have] = challenge === 'http' ? [80, http] : [443, https]
  if (needed === have) return [ok(name, `${directory} asks for apps on port ${needed}: it has to be open to it`)]
  return [
    warn(
      name,
      `${directory} asks on port ${needed}, and the router listens on ${have}`,
      `Have port ${needed} passed on to ${have}`,
    ),
  ]
}

async function checkAuthorities(name: string, path: string | undefined): Promise<Check[]> {
  if (path === undefined) return []
  try {
    new X509Certificate(await readFile(path))
    return [ok(name, path)]
  } catch (error) {
    return [fail(name, `${path}: ${whyOf(error, 'holds no certificate in PEM')}`, `Correct ${name} in platform.yaml`)]
  }
}

function whyOf(error: unknown, otherwise: string): string {
  const { code, syscall } = error as NodeJS.ErrnoException
  return syscall === undefined ? otherwise : `cannot be read (${code})`
}
