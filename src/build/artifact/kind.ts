import { closeSync, openSync, readSync } from 'node:fs'
import { refused } from './entry.ts'

/** What a file is, by what is in it. `jar` and `war` are archives that stay whole. */
export type Kind = 'tar.gz' | 'tar' | 'zip' | 'jar' | 'war' | 'binary' | 'script'

/** Enough for the mark of a tar archive. */
const HEAD = 512

/** Byte 18 of an ELF file, and what Node calls it (elf(5), e_machine). */
const MACHINES: Record<number, string> = { 3: 'ia32', 40: 'arm', 62: 'x64', 183: 'arm64', 243: 'riscv64' }

/** What else people have, by its first bytes. */
const OTHERS: Array<[start: string, what: string]> = [
  ['BZh', 'a bzip2 archive'],
  ['\xfd7zXZ\0', 'an xz archive'],
  ['\x28\xb5\x2f\xfd', 'a zstd archive'],
  ['7z\xbc\xaf\x27\x1c', 'a 7z archive'],
  ['Rar!', 'a RAR archive'],
  ['MZ', 'a program for Windows'],
  ['\xcf\xfa\xed\xfe', 'a program for macOS'],
  ['\xca\xfe\xba\xbe', 'a program for macOS, or a Java class'],
  ['!<arch>', 'a Debian package, or a library'],
  ['<!', 'a web page; is that the address of the file itself?'],
  ['<html', 'a web page; is that the address of the file itself?'],
]

const TAKEN = 'taken are .tar.gz, .tgz, .tar, .zip, .jar, .war and programs for Linux'

/** Throws BuildFailed for what is none of them. The name only tells a .jar or .war from another zip. */
export function kindOf(path: string, name: string, arch: string = process.arch): Kind {
  const head = headOf(path)
  const text = head.toString('latin1')
  if (text.startsWith('\x1f\x8b')) return 'tar.gz'
  if (text.startsWith('PK\x03\x04') || text.startsWith('PK\x05\x06')) {
    if (/\.jar$/i.test(name)) return 'jar'
    return /\.war$/i.test(name) ? 'war' : 'zip'
  }
  if (text.slice(257, 262) === 'ustar') return 'tar'
  if (/\.(jar|war|zip|tgz|tar|tar\.gz)$/i.test(name)) throw refused(`is called ${name} and is ${otherwise(text)}`)
  if (text.startsWith('\x7fELF')) {
    const machine = MACHINES[head[18] ?? 0]
    if (machine !== arch) throw refused(`is a program for ${machine ?? 'another processor'}, and this is ${arch}`)
    return 'binary'
  }
  if (text.startsWith('#!')) return 'script'
  throw refused(`is ${otherwise(text)}; ${TAKEN}`)
}

function otherwise(text: string): string {
  if (text === '') return 'empty'
  const known = OTHERS.find(([start]) => text.toLowerCase().startsWith(start.toLowerCase()))
  return known?.[1] ?? 'something else'
}

function headOf(path: string): Buffer {
  const file = openSync(path, 'r')
  try {
    const head = Buffer.alloc(HEAD)
    return head.subarray(0, readSync(file, head, 0, HEAD, 0))
  } finally {
    closeSync(file)
  }
}
