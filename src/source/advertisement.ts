/** What a git server says when it is asked for `info/refs`, in each of git's ways to answer (gitprotocol-http(5)). Pure. */
import { TrimtabError } from '../errors.ts'
import type { HttpAnswer } from '../web/httpClient.ts'
import type { Address } from './address.ts'
import { gone, unreachable } from './gitError.ts'
import { packets } from './pktLine.ts'
import { addRef, noRefs, type Refs } from './refs.ts'

/** `refs`: the answer itself, from a server that speaks only v0 or v1. Dumb: a folder of files, as `git update-server-info` leaves it. */
export type Advertisement =
  | { version: 2; capabilities: Map<string, string> }
  | { version: 0; refs: Refs }
  | { version: 'dumb'; refs: Refs }

export const SERVICE = 'git-upload-pack'

/** Throws SourceUnreachable for what is no git server: a login page, say, is not to be taken for an empty repository. */
export function readAnswer(remote: Address, answer: HttpAnswer): Advertisement {
  const type = answer.headers['content-type']
  if (type === `application/x-${SERVICE}-advertisement`) return readAdvertisement(remote, answer.body)
  const text = answer.body.toString('utf8')
  if (/^(?:[0-9a-f]{40,64}\t\S+\n)+$/.test(text)) return { version: 'dumb', refs: readInfoRefs(text) }
  throw unreachable(remote, `what answers there is no git server (its answer is of type ${type ?? 'unknown'}).`)
}

function readAdvertisement(remote: Address, body: Buffer): Advertisement {
  const all = packetTexts(remote, body)
  if (all[0] === `# service=${SERVICE}`) all.shift()
  if (all[0] === 'version 2') {
    const capabilities = new Map(all.slice(1).map((each) => [each.split('=')[0] ?? '', each.slice(each.indexOf('=') + 1)]))
    return { version: 2, capabilities }
  }
  if (all[0] === 'version 1') all.shift()
  const refs = noRefs()
  const offered = all[0]?.split('\0')[1]?.split(' ') ?? []
  for (const each of all) {
    const [id = '', name = ''] = (each.split('\0')[0] ?? '').split(' ')
    if (name !== 'capabilities^{}') addRef(refs, name, id)
  }
  const head = offered.find((each) => each.startsWith('symref=HEAD:'))
  if (head) addRef(refs, 'HEAD', null, head.slice('symref=HEAD:'.length))
  return { version: 0, refs }
}

/** The file info/refs (gitrepository-layout(5)): every ref but HEAD. */
function readInfoRefs(text: string): Refs {
  const refs = noRefs()
  for (const line of text.split('\n')) {
    const [id = '', name = ''] = line.split('\t')
    addRef(refs, name, id)
  }
  return refs
}

/** With the file HEAD: where it leads, or the commit that it is at. */
export function addHead(refs: Refs, text: string): Refs {
  const target = /^ref:\s*(\S+)\s*$/.exec(text)?.[1]
  const id = /^([0-9a-f]{40}|[0-9a-f]{64})\s*$/.exec(text)?.[1]
  const branch = target?.startsWith('refs/heads/') ? target.slice('refs/heads/'.length) : undefined
  const at = branch === undefined ? undefined : refs.branches.get(branch)
  addRef(refs, 'HEAD', id ?? at ?? null, target)
  return refs
}

/** The text of each packet. An answer that does not end with a flush is not a whole one, and so never an empty one. */
export function packetTexts(remote: Address, body: Buffer): string[] {
  const texts: string[] = []
  let last = ''
  try {
    for (const each of packets(body)) {
      last = each.kind
      if (each.kind === 'data') texts.push(each.text)
    }
    if (last !== 'flush' && !texts.some((text) => text.startsWith('ERR '))) throw new RangeError('cut off')
  } catch (thrown) {
    throw unreachable(remote, `its answer is not git's (${(thrown as Error).message}).`, thrown)
  }
  const error = texts.find((text) => text.startsWith('ERR '))?.slice(4)
  if (error === undefined) return texts
  if (/not found|does not exist/i.test(error)) throw gone(remote, `the server says: ${error}.`)
  throw new TrimtabError('SourceUnreachable', `${remote.url}: the server says: ${error}`, { retry: true })
}
