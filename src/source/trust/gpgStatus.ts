/** What gpg says to a program (GnuPG's doc/DETAILS, "Format of the --status-fd output"). Pure. */
import { plain } from './signed.ts'
import { refused, trusted, type Verdict } from './verdict.ts'

interface Line {
  word: string
  args: string[]
}

/** One signature has one of these. */
const ENDS = ['GOODSIG', 'EXPSIG', 'EXPKEYSIG', 'REVKEYSIG', 'BADSIG', 'ERRSIG']
/** MD5, SHA-1 and RIPEMD-160 (RFC 4880, 9.4): somebody else's content can be made to have the same. */
const WEAK = new Set(['1', '2', '3'])

export function parseStatus(stdout: string): Line[] {
  return stdout.split('\n').flatMap((line) => {
    if (!line.startsWith('[GNUPG:] ')) return []
    const [word = '', ...args] = line.slice('[GNUPG:] '.length).split(' ')
    return [{ word, args }]
  })
}

/** `list`: the keyring's path. */
export function judge(stdout: string, code: number | null, list: string): Verdict {
  const status = parseStatus(stdout)
  const ends = status.filter(({ word }) => ENDS.includes(word))
  const [end] = ends
  if (!end || ends.length > 1 || status.filter(({ word }) => word === 'NEWSIG').length > 1) {
    const why = end ? 'has more than one signature' : 'has a signature that gpg cannot read'
    return refused(`${why}. Sign it anew.`)
  }
  const valid = status.find(({ word }) => word === 'VALIDSIG')?.args
  const [id = '', ...name] = end.args
  const who = `${nameOf(name)} (key ${valid?.[0] ?? id})`
  switch (end.word) {
    case 'GOODSIG':
      return code === 0 && valid ? strong(valid, who) : refused('has a signature that gpg does not find valid. Sign it anew.')
    case 'EXPSIG':
      return refused(`has a signature of ${who} that has expired by its own date. Sign it anew.`)
    case 'EXPKEYSIG': {
      const at = Number(status.find(({ word }) => word === 'KEYEXPIRED')?.args[0])
      const since = at > 0 ? ` on ${new Date(at * 1000).toISOString().slice(0, 10)}` : ''
      return refused(
        `is signed by ${who}, whose key has expired${since}. Prolong it and export it to ${list}, or sign with another.`,
      )
    }
    case 'REVKEYSIG':
      return refused(`is signed by ${who}, whose key has been revoked. Sign it with another that is on ${list}.`)
    case 'BADSIG':
      return refused(
        `has a signature of ${who} that is not of this commit: it was changed after it was signed, or the signature is of something else. Sign it anew.`,
      )
    default:
      return unknown(end.args, list)
  }
}

/** Field by field: fingerprint, dates, version, algorithms, class, primary key. Class 00 is that of bytes as they are. */
function strong(valid: string[], who: string): Verdict {
  if (valid[8] !== '00') return refused(`has a signature of ${who} of another kind than git makes. Sign it anew.`)
  if (WEAK.has(valid[7] ?? ''))
    return refused(`has a signature of ${who} by a hash that is broken (SHA-1 or older). Sign it anew.`)
  return trusted(who)
}

/** ERRSIG: key, algorithms, class, time, why, fingerprint (or '-'). */
function unknown(args: string[], list: string): Verdict {
  const [id = '', , , , , why, fingerprint] = args
  const key = fingerprint && fingerprint !== '-' ? fingerprint : id
  return why === '9'
    ? refused(`is signed with the key ${key}, which is not on the list ${list}. Add it there if whoever has it may deploy.`)
    : refused(`is signed with the key ${key} in a way that gpg cannot verify (error ${why}).`)
}

/** User ids come percent-escaped. */
function nameOf(words: string[]): string {
  const text = words.join(' ')
  try {
    return plain(decodeURIComponent(text))
  } catch {
    return plain(text)
  }
}
