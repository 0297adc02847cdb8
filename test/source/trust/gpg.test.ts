/** Commits signed with real OpenPGP keys, verified by the real gpg. */
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect } from 'vitest'
import { need } from '../../support/need.ts'
import { makeRepo } from '../../support/repo.ts'
import { commitAs, commitRaw, GpgPeople, programMissing, rawCommit } from '../../support/signing.ts'
import { app, failure, test } from '../fixture.ts'

const missing = programMissing('gpg')

const people = test.extend<{ list: string; people: GpgPeople }>({
  list: async ({ tmp }, use) => use(join(tmp, 'keys.asc')),
  people: async ({ tmp }, use) => {
    const made = new GpgPeople(join(tmp, 'gpg'))
    await use(made)
    made.close()
  },
})

describe('signed with OpenPGP', () => {
  beforeEach(({ skip }) => need({ skip }, 'gpg', missing))

  people('by somebody on the list, and by everybody else', async ({ tmp, open, list, people }) => {
    const repo = makeRepo(join(tmp, 'repo')).write({ x: '1' })
    const hello = app(repo.dir, { verify: { keyring: list, commits: 'head' } })
    const source = open()
    const [alice, bob, mallory] = [people.make('Alice'), people.make('Bob'), people.make('Mallory')]
    const old = people.make('Old', { at: '20200101T000000', expires: '1y' })
    const short = people.make('Short', { at: '20200101T000000', options: ['--default-sig-expire', '1d'] })
    const weak = people.make('Weak', { options: ['--digest-algo', 'SHA1', '--personal-digest-preferences', 'SHA1'] })
    const commits = [alice, bob, mallory, old, short, weak].map((signer) => commitAs(repo, signer))
    const [good = '', bobs = '', unknown = '', expired = '', passed = '', sha1 = ''] = commits
    bob.revoke()
    writeFileSync(list, [alice, bob, old, short, weak].map((signer) => signer.armour()).join('\n'))
    await source.look(hello)
    await expect(source.verify(hello, good, null)).resolves.toBeUndefined()
    for (const [commit, ...says] of [
      [bobs, 'Bob <bob@example.com>', bob.fingerprint, 'has been revoked'],
      [unknown, mallory.fingerprint, 'not on the list', list],
      [expired, 'Old <old@example.com>', old.fingerprint, 'has expired on 2020-12-31'],
      [passed, 'Short <short@example.com>', 'has expired by its own date'],
      [sha1, 'Weak <weak@example.com>', 'a hash that is broken'],
    ] as const) {
      await expect(source.verify(hello, commit, null), says[0]).rejects.toEqual(failure('Untrusted', ...says))
    }

    const raw = rawCommit(repo, good).toString('latin1')
    const tampered = commitRaw(repo, raw.replace('\n\nSigned', '\n\nForged'))
    repo.git('reset', '--quiet', '--soft', good)
    repo.git(...alice.git, 'tag', '-s', '-m', 'One', 'v1')
    const tag = repo.git('cat-file', 'tag', 'v1')
    const signature = tag.slice(tag.indexOf('-----BEGIN')).trimEnd().replaceAll('\n', '\n ')
    const copied = commitRaw(repo, raw.replace(/gpgsig (?:.*\n )*.*\n/, `gpgsig ${signature}\n`))
    const garbage = commitRaw(repo, raw.replace(/(BEGIN PGP SIGNATURE-----\n \n )\S+/, '$1AAAA'))
    repo.git('branch', 'tampered', tampered)
    repo.git('branch', 'copied', copied)
    repo.git('branch', 'garbage', garbage)
    for (const [branch, commit, ...says] of [
      ['tampered', tampered, 'Alice <alice@example.com>', alice.fingerprint.slice(-16), 'is not of this commit'],
      ['copied', copied, 'Alice <alice@example.com>', 'is not of this commit'],
      ['garbage', garbage, 'cannot read'],
    ] as const) {
      const at = { ...hello, branch }
      await source.look(at)
      await expect(source.verify(at, commit, null), branch).rejects.toEqual(failure('Untrusted', ...says))
    }
    // An annotated tag is not the commit.
    const signers = join(tmp, 'signers')
    writeFileSync(signers, 'nobody@x ssh-ed25519 AAAA\n')
    const ssh = app(repo.dir, { verify: { signers, commits: 'head' } })
    await expect(source.verify(ssh, good, null)).rejects.toEqual(failure('Untrusted', 'signed with OpenPGP', 'keyring'))
    expect(readdirSync(join(tmp, 'state/trust'))).toEqual([])
  })

  people('what keeps it from being found out is a no', async ({ tmp, open, list, people }) => {
    const repo = makeRepo(join(tmp, 'repo')).write({ x: '1' })
    const hello = app(repo.dir, { verify: { keyring: list, commits: 'every' } })
    const source = open()
    const alice = people.make('Alice')
    const commit = commitAs(repo, alice)
    await source.look(hello)
    const armour = alice.armour()
    for (const [content, why] of [
      ['', 'is empty'],
      ['nothing of the kind', 'holds no OpenPGP keys'],
      [armour.replaceAll('PUBLIC', 'PRIVATE'), 'holds a private key'],
      [armour.replace(/\n[A-Za-z0-9+/]{20}/, '\nAAAAAAAAAAAAAAAAAAAA'), 'cannot be imported'],
      [armour.split('\n').slice(0, 5).join('\n'), 'cannot be imported'],
    ] as const) {
      writeFileSync(list, content)
      await expect(source.verify(hello, commit, null), why).rejects.toEqual(failure('Untrusted', 'cannot be verified', why, list))
    }
    writeFileSync(list, armour)
    await expect(source.verify(hello, commit, null)).resolves.toBeUndefined()

    const bin = join(tmp, 'bin')
    mkdirSync(bin)
    writeFileSync(join(bin, 'git'), `#!/bin/sh\nPATH='${process.env.PATH}' exec git "$@"\n`, { mode: 0o755 })
    const without = open({ state: join(tmp, 'without'), env: { ...process.env, PATH: bin } })
    await without.look(hello)
    await expect(without.verify(hello, commit, null)).rejects.toEqual(
      failure('Untrusted', 'gpg is not installed', 'apt-get install gnupg'),
    )
  })
})
