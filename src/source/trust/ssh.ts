/**
 * Signatures of ssh keys, by ssh-keygen -Y (ssh-keygen(1), "ALLOWED SIGNERS"; OpenSSH 8.2 and later). No time is given: what counts is
 * whether a key is valid now, not when the commit says it was made, which whoever has the key can write.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Programs } from './program.ts'
import type { SignedCommit } from './signed.ts'
import { plain } from './signed.ts'
import { type List, refused, trusted, type Verdict } from './verdict.ts'

/** What git signs under, so that a signature of a file is none of a commit. */
const NAMESPACE = 'git'

/** `dir`: an empty folder, this question's alone. Throws ProgramFailed. */
export async function verifySsh(
  programs: Programs,
  list: List,
  { payload, signature }: SignedCommit,
  dir: string,
): Promise<Verdict> {
  const [signers, file] = [join(dir, 'signers'), join(dir, 'signature')]
  writeFileSync(signers, list.content, { mode: 0o600 })
  writeFileSync(file, signature, { mode: 0o600 })
  const keygen = (action: string, args: string[], input = payload) =>
    programs.run('ssh-keygen', ['-Y', action, ...args, '-s', file], dir, input)

  const found = await keygen('find-principals', ['-f', signers], Buffer.alloc(0))
  let said = found.stderr
  for (const principal of found.code === 0 ? found.stdout.split(/[\n,]/).filter((name) => name !== '') : []) {
    const { code, stdout, stderr } = await keygen('verify', ['-n', NAMESPACE, '-f', signers, '-I', principal])
    const key = new RegExp(`^Good "${NAMESPACE}" signature for .* with (\\S+ key \\S+)$`, 'm').exec(stdout)?.[1]
    if (code === 0 && key !== undefined) return trusted(`${plain(principal)} (${key})`)
    said += stderr
  }
  // It is none that counts. What it is, is found out for the person who reads of it.
  const alone = await keygen('check-novalidate', ['-n', NAMESPACE])
  const key = / signature with (\S+) key (\S+)$/m.exec(alone.stdout)
  if (alone.code !== 0 || !key) return refused(brokenBy(alone.stderr))
  return refused(notAllowed(`the ${key[1]} key ${key[2]}`, said, list))
}

function brokenBy(stderr: string): string {
  if (/namespace does not match/.test(stderr))
    return 'has a signature that was made for something else than a commit. Sign it anew.'
  if (/incorrect signature/.test(stderr))
    return 'has a signature that is not of this commit: it was changed after it was signed, or the signature is of something else. Sign it anew.'
  return `has a signature that ssh-keygen cannot read (${plain(stderr.split('\n')[0] ?? '')}). Sign it anew.`
}

function notAllowed(key: string, stderr: string, { path }: List): string {
  const line = (pattern: RegExp) => {
    const found = new RegExp(`signers:(\\d+): .*${pattern.source}`).exec(stderr)
    return found ? { number: found[1], rest: found.slice(2) } : null
  }
  const expired = line(/key has expired.*valid-before (\S+)/)
  if (expired) {
    const since = (expired.rest[0] ?? '').replace('T', ' ')
    return `is signed with ${key}, which has expired (valid-before ${since}, line ${expired.number} of ${path}). Sign it with a key that is valid.`
  }
  const early = line(/key is not yet valid.*valid-after (\S+)/)
  if (early)
    return `is signed with ${key}, which is not valid yet (valid-after ${early.rest[0]}, line ${early.number} of ${path}).`
  const other = line(/not permitted for use in signature namespace/)
  if (other)
    return `is signed with ${key}, which line ${other.number} of ${path} does not allow to sign for git (namespaces="git").`
  const bad = [...stderr.matchAll(/signers:(\d+): (.*)/g)].map(
    ([, number, why]) => `line ${number} cannot be read (${plain(why ?? '')})`,
  )
  const broken = bad.length > 0 ? ` Of that list, ${[...new Set(bad)].slice(0, 3).join(', ')}.` : ''
  return `is signed with ${key}, which is not on the list ${path}.${broken} Add it there if whoever has it may deploy.`
}

/** Why a list is no list, or null. What ssh-keygen makes of its lines shows when it is asked. */
export function signersProblem({ content }: List): string | null {
  const lines = content.toString('latin1').split('\n')
  if (content.includes(0)) return 'is no text'
  return lines.some((line) => /^\s*[^\s#]/.test(line)) ? null : 'names nobody'
}
