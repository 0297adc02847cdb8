/** The command `ls-refs` of git's protocol v2 (gitprotocol-v2(5)). Pure. */
import type { Address } from './address.ts'
import { packetTexts } from './advertisement.ts'
import { DELIM, FLUSH, packet } from './pktLine.ts'
import { addRef, noRefs, prefixOf, type Refs, type Wanted } from './refs.ts'

/** The body of the question. `unborn`, where the server knows it, also tells what an empty repository's HEAD names. */
export function lsRefs(capabilities: Map<string, string>, wanted: Wanted): string {
  const format = capabilities.get('object-format')
  const named = prefixOf(wanted)
  return [
    packet('command=ls-refs'),
    ...(format ? [packet(`object-format=${format}`)] : []),
    DELIM,
    packet('symrefs'),
    // What an annotated tag is of.
    ...(wanted !== 'all' && 'tag' in wanted ? [packet('peel')] : []),
    ...(capabilities.get('ls-refs')?.split(' ').includes('unborn') ? [packet('unborn')] : []),
    ...['HEAD', ...(named ? [named.prefix] : [])].map((prefix) => packet(`ref-prefix ${prefix}`)),
    FLUSH,
  ].join('')
}

export function readRefs(remote: Address, body: Buffer): Refs {
  const refs = noRefs()
  for (const text of packetTexts(remote, body)) {
    const [id = '', name = '', ...attributes] = text.split(' ')
    const told = (key: string) => attributes.find((each) => each.startsWith(key))?.slice(key.length)
    addRef(refs, name, id === 'unborn' ? null : (told('peeled:') ?? id), told('symref-target:'))
  }
  return refs
}
