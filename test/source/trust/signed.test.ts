/** A commit taken apart: what was signed, and by what. */
import { expect, test } from 'vitest'
import { committerOf, signedCommit } from '../../../src/source/trust/signed.ts'

const TREE = `tree ${'a'.repeat(40)}\n`
const PEOPLE = 'author A <a@x> 1 +0000\ncommitter C <c@x> 1 +0000\n'
const SSH = '-----BEGIN SSH SIGNATURE-----\nU1NI\n-----END SSH SIGNATURE-----\n'
const PGP = '-----BEGIN PGP SIGNATURE-----\n\niHU=\n-----END PGP SIGNATURE-----\n'
const header = (name: string, text: string) => `${name} ${text.trimEnd().replaceAll('\n', '\n ')}\n`
const commit = (...parts: string[]) => Buffer.from(`${TREE}${parts.join('')}\nMessage\n`)

test('without a signature there is none, whatever the message says', () => {
  expect(signedCommit(commit(PEOPLE), 'sha1')).toBeNull()
  expect(signedCommit(Buffer.from(`${TREE}${PEOPLE}\n${header('gpgsig', SSH)}`), 'sha1')).toBeNull()
})

test.each([
  ['ssh', SSH],
  ['openpgp', PGP],
] as const)('%s: the payload is the commit without its signature', (kind, text) => {
  const encoding = 'encoding ISO-8859-1\n'
  const signed = signedCommit(commit(PEOPLE, header('gpgsig', text), encoding), 'sha1')
  expect(signed).toEqual({ kind, signature: Buffer.from(text), payload: commit(PEOPLE, encoding) })
})

test('bytes that are no text stay as they are, with and without a message', () => {
  const latin = Buffer.concat([Buffer.from(`${TREE}${PEOPLE}${header('gpgsig', SSH)}\n`), Buffer.from([0xe9, 0xff, 0])])
  expect(signedCommit(latin, 'sha1')?.payload).toEqual(
    Buffer.concat([Buffer.from(`${TREE}${PEOPLE}\n`), Buffer.from([0xe9, 0xff, 0])]),
  )
  const none = Buffer.from(`${TREE}${PEOPLE}${header('gpgsig', SSH)}`)
  expect(signedCommit(none, 'sha1')?.payload).toEqual(Buffer.from(TREE + PEOPLE))
})

test('a merged tag and its signature are content, not the signature of the commit', () => {
  const merged = header('mergetag', `object ${'b'.repeat(40)}\ntype commit\ntag v1\ngpgsig x\n\nTag\n${PGP}`)
  expect(signedCommit(commit(merged, PEOPLE), 'sha1')).toBeNull()
  expect(signedCommit(commit(merged, PEOPLE, header('gpgsig', SSH)), 'sha1')?.payload).toEqual(commit(merged, PEOPLE))
})

test('sha256 repositories have a header of their own', () => {
  const data = Buffer.from(`tree ${'a'.repeat(64)}\n${PEOPLE}${header('gpgsig-sha256', SSH)}\nMessage\n`)
  expect(signedCommit(data, 'sha256')?.payload.toString()).not.toContain('gpgsig')
  expect(() => signedCommit(data, 'sha1')).toThrow('is not the one of a sha1 repository')
  expect(() => signedCommit(commit(PEOPLE, header('gpgsig', SSH)), 'sha256')).toThrow('is not the one of a sha256 repository')
})

test.each([
  ['twice the same', header('gpgsig', SSH) + header('gpgsig', PGP), 'more than one signature'],
  ['apart from each other', `${header('gpgsig', SSH)}encoding UTF-8\n${header('gpgsig', SSH)}`, 'more than one signature'],
  ['two in one', header('gpgsig', SSH + PGP), 'more than one signature'],
  ['of both formats', header('gpgsig', SSH) + header('gpgsig-sha256', SSH), 'is not the one of a sha1 repository'],
  ['a name of its own', header('gpgsigx', SSH), 'header gpgsigx'],
  ['S/MIME', header('gpgsig', '-----BEGIN SIGNED MESSAGE-----\nx\n'), 'with S/MIME'],
  ['a message that brings its own content', header('gpgsig', '-----BEGIN PGP MESSAGE-----\nx\n'), 'not known here'],
  ['nothing', 'gpgsig \n', 'not known here'],
])('refused: %s', (_, headers, why) => {
  expect(() => signedCommit(commit(PEOPLE, headers), 'sha1')).toThrow(why)
})

test('what does not begin as a commit does is none', () => {
  expect(() => signedCommit(Buffer.from(`${header('gpgsig', SSH)}${TREE}${PEOPLE}\nx`), 'sha1')).toThrow('does not begin')
  expect(() => signedCommit(Buffer.alloc(0), 'sha1')).toThrow('does not begin')
})

test('who committed it is told in one harmless line', () => {
  expect(committerOf(commit(PEOPLE))).toBe('C <c@x>')
  expect(committerOf(commit('committer \u001b[31mX\u202e <x@y> 1 +0000\n'))).toBe('[31mX <x@y>')
  expect(committerOf(commit(`committer ${'y'.repeat(500)} <x@y> 1 +0000\n`))).toHaveLength(120)
  expect(committerOf(Buffer.from(`${TREE}\ncommitter M <m@x>`))).toBe('nobody')
})
