/** The operator's lists of who may sign, read from the platform's own disk. */
import { createHash } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import type { Verify } from '../../domain.ts'
import { keyringProblem } from './gpg.ts'
import { signersProblem } from './ssh.ts'
import type { List } from './verdict.ts'

export interface Lists {
  signers?: List
  keyring?: List
  /** Of the content of all of them. */
  digest: string
}

/** In bytes; ten thousand keys and more. */
const MOST = 8 << 20

/** The message says which list, and why. */
export class ListProblem extends Error {}

/** Throws ListProblem. */
export function readLists({ signers, keyring }: Verify): Lists {
  const hash = createHash('sha256')
  const take = (path: string, problemOf: (list: List) => string | null): List => {
    const list = { path, content: contentOf(path) }
    const problem = problemOf(list)
    if (problem !== null) throw new ListProblem(`the list ${path} ${problem}`)
    hash.update(`${list.content.length} `).update(list.content)
    return list
  }
  const read = {
    ...(signers !== undefined && { signers: take(signers, signersProblem) }),
    ...(keyring !== undefined && { keyring: take(keyring, keyringProblem) }),
  }
  return { ...read, digest: hash.digest('hex') }
}

/** Read again only where it was touched: an app is looked at more often than its lists change. */
const contents = new Map<string, { stamp: string; content: Buffer }>()

function contentOf(path: string): Buffer {
  try {
    const { isFile, stamp } = stampOf(path)
    if (!isFile) throw new ListProblem(`the list ${path} is no file, or larger than ${MOST >> 20} MiB`)
    const known = contents.get(path)
    if (known?.stamp === stamp) return known.content
    const content = readFileSync(path)
    contents.set(path, { stamp, content })
    return content
  } catch (thrown) {
    if (thrown instanceof ListProblem) throw thrown
    const { code } = thrown as NodeJS.ErrnoException
    throw new ListProblem(`the list ${path} ${code === 'ENOENT' ? 'is not there' : `cannot be read (${code})`}`)
  }
}

function stampOf(path: string): { isFile: boolean; stamp: string } {
  const stat = statSync(path, { bigint: true })
  return {
    isFile: stat.isFile() && stat.size <= BigInt(MOST),
    stamp: `${stat.dev} ${stat.ino} ${stat.size} ${stat.mtimeNs} ${stat.ctimeNs}`,
  }
}
