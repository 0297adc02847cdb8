import { createPrivateKey, sign } from 'node:crypto'

/**
 * What a GitHub App shows of itself: signed with RS256, issued a minute ago because clocks differ, good for less than the ten minutes
 * that are allowed (docs.github.com, "Generating a JSON Web Token (JWT) for a GitHub App"). Throws where `key` is no RSA private key in PEM.
 */
export function appJwt(issuer: string, key: string | Buffer, now: number): string {
  const seconds = Math.floor(now / 1000)
  const claims = { iat: seconds - 60, exp: seconds + 9 * 60, iss: issuer }
  const content = [{ alg: 'RS256', typ: 'JWT' }, claims].map((part) => encoded(JSON.stringify(part))).join('.')
  const secret = createPrivateKey(key)
  if (secret.asymmetricKeyType !== 'rsa') throw new TypeError('not an RSA key')
  return `${content}.${sign('RSA-SHA256', Buffer.from(content), secret).toString('base64url')}`
}

function encoded(text: string): string {
  return Buffer.from(text).toString('base64url')
}
