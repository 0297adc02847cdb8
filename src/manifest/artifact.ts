/** `build.artifact`: a file that was made elsewhere, known by its hash. */
import { z } from 'zod'
import { mapping, text } from './values.ts'

/** It becomes the name of a file, and a word of a shell's line. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9._+-]{0,127}$/
const NAME_EXPECTED = 'expected a file name of letters, digits and . _ + -, such as shop.war'

const ADDRESS = 'expected an address such as https://example.com/shop-1.2.tar.gz'

const address = z
  .string({ error: ADDRESS })
  .max(2000, { error: 'is too long for an address', abort: true })
  .superRefine((written, context) => {
    const message = addressProblem(written)
    if (message !== null) context.addIssue({ code: 'custom', message })
  })

function addressProblem(written: string): string | null {
  if (!/^https?:\/\/[!-~]+$/i.test(written) || !URL.canParse(written)) return ADDRESS
  const { username, password, hash, hostname } = new URL(written)
  if (username !== '' || password !== '')
    return 'holds a password or token, which would be in git; upload it: trimtab artifact push'
  return hash === '' && hostname !== '' ? null : `${ADDRESS}, without #`
}

/** Which of the operator's bases it is laid over where app.yaml names none. */
function baseOf(name: string): string {
  if (/\.(jar|war)$/i.test(name)) return 'java'
  return /\.(tar|tar\.gz|tgz|zip)$/i.test(name) ? 'stack' : 'binary'
}

/** The last part of an address, if it can be a file's name. */
function nameIn(url: string | undefined): string | undefined {
  const last = url === undefined ? '' : (new URL(url).pathname.split('/').at(-1) ?? '')
  return NAME.test(last) ? last : undefined
}

/** Comes out with its name and its base. */
export const artifact = mapping(
  {
    url: address.exactOptional().describe('Where it is to be had. Default: it was uploaded, with trimtab artifact push.'),
    sha256: text('expected a SHA-256, 64 hexadecimal digits', /^[0-9a-fA-F]{64}$/)
      .transform((digits) => digits.toLowerCase())
      .describe('What the file has to be; checked before anything of it is opened.'),
    name: text(NAME_EXPECTED, NAME).exactOptional().describe("What it is called. Default: the address's last part."),
    base: text('expected the name of a base, such as java', /^[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?$/)
      .exactOptional()
      .describe("One of the operator's bases, which it is laid over. Default: java for .jar and .war, binary for a program."),
  },
  'expected a mapping such as {url: …, sha256: …}',
).transform(({ url, sha256, name = nameIn(url), base }, context) => {
  if (name === undefined) {
    const message = url === undefined ? 'needs a url, or the name of what was uploaded' : 'needs a name: its address ends in none'
    context.issues.push({ code: 'custom', input: undefined, message })
    return z.NEVER
  }
  return { sha256, name, base: base ?? baseOf(name), ...(url !== undefined && { url }) }
})
