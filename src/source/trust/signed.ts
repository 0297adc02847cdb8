/**
 * A commit as git signs it: the object without its signature is what was signed (git's commit.c, parse_buffer_signed_by_header).
 * Pure, over bytes.
 */

export interface SignedCommit {
  /** What the signature is of. */
  payload: Buffer
  signature: Buffer
  kind: 'ssh' | 'openpgp'
}

/** A commit's signature cannot be told from its content; the message says why, as the end of a sentence that begins with "it". */
export class Unreadable extends Error {}

const BEGINS: Array<[line: string, kind: SignedCommit['kind']]> = [
  ['-----BEGIN SSH SIGNATURE-----', 'ssh'],
  ['-----BEGIN PGP SIGNATURE-----', 'openpgp'],
]

/**
 * null: it is not signed. `format`: of the repository, which decides the header's name. Throws Unreadable. Where git takes several
 * signatures for one, and passes over those of the other format, this is stricter: a commit has one signature.
 */
export function signedCommit(data: Buffer, format: 'sha1' | 'sha256'): SignedCommit | null {
  if (!/^tree [0-9a-f]{40,64}\n/.test(data.toString('latin1', 0, 80))) throw new Unreadable('does not begin as a commit does')
  const wanted = format === 'sha256' ? 'gpgsig-sha256' : 'gpgsig'
  const payload: Buffer[] = []
  const signature: Buffer[] = []
  let headers = 0
  let inside = false
  for (let at = 0; at < data.length; ) {
    const newline = data.indexOf(10, at)
    const end = newline < 0 ? data.length : newline + 1
    const line = data.subarray(at, end)
    if (line[0] === 10) {
      // The message, whatever it looks like.
      payload.push(data.subarray(at))
      break
    }
    const name = /^gpgsig[^ \n]*/.exec(line.toString('latin1', 0, 40))?.[0]
    if (inside && line[0] === 32) signature.push(line.subarray(1))
    else if (name === undefined) {
      inside = false
      payload.push(line)
    } else {
      headers++
      inside = true
      if (name !== wanted)
        throw new Unreadable(`is signed with the header ${name}, which is not the one of a ${format} repository`)
      signature.push(line.subarray(name.length + 1))
    }
    at = end
  }
  if (headers === 0) return null
  if (headers > 1) throw new Unreadable('has more than one signature')
  return { payload: Buffer.concat(payload), ...kindOf(Buffer.concat(signature)) }
}

function kindOf(signature: Buffer): Pick<SignedCommit, 'signature' | 'kind'> {
  const text = signature.toString('latin1')
  const kind = BEGINS.find(([line]) => text.startsWith(`${line}\n`))?.[1]
  if (kind === undefined) {
    const what = text.startsWith('-----BEGIN SIGNED MESSAGE-----') ? 'with S/MIME' : 'in a way that is not known here'
    throw new Unreadable(`is signed ${what}; keys of OpenPGP and of ssh are what can be verified`)
  }
  // Two in one header would leave it to the verifying program which of them counts.
  if (text.split('-----BEGIN ').length > 2) throw new Unreadable('has more than one signature')
  return { signature, kind }
}

/** Who says to have committed it; anybody can write any name. */
export function committerOf(data: Buffer): string {
  const end = data.indexOf('\n\n')
  const header = data.toString('utf8', 0, end < 0 ? data.length : end)
  return plain(/^committer (.*?>)/m.exec(header)?.[1] ?? 'nobody')
}

/** For a line on a terminal: a stranger has written it. */
export function plain(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
  const line = text.replace(/[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2066-\u2069\s]+/g, ' ').trim()
  return line.length > 120 ? `${line.slice(0, 119)}…` : line
}
