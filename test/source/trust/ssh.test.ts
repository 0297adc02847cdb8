/** Commits signed with real ssh keys, verified by the real ssh-keygen. */
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect } from 'vitest'
import { need } from '../../support/need.ts'
import { makeRepo } from '../../support/repo.ts'
import { commitAs, commitRaw, programMissing, rawCommit, type SshSigner, sshSigner } from '../../support/signing.ts'
import { app, failure, test, until } from '../fixture.ts'

const missing = programMissing('ssh-keygen')

const people = test.extend<{ list: string; alice: SshSigner; mallory: SshSigner }>({
  list: async ({ tmp }, use) => use(join(tmp, 'allowed signers')),
  alice: async ({ tmp }, use) => use(sshSigner(join(tmp, 'keys'), 'alice')),
  mallory: async ({ tmp }, use) => use(sshSigner(join(tmp, 'keys'), 'mallory')),
})

describe('signed with ssh', () => {
  beforeEach(({ skip }) => need({ skip }, 'ssh-keygen', missing))

  people('by somebody on the list: trusted, and remembered for its list', async ({ tmp, open, list, alice, mallory }) => {
    const repo = makeRepo(join(tmp, 'repo')).write({ x: '1' })
    const commit = commitAs(repo, alice)
    const hello = app(repo.dir, { verify: { signers: list, commits: 'head' } })
    const source = open()
    writeFileSync(list, `# who may deploy\n${mallory.line('mallory@x')}${alice.line('alice@x,al@x', 'namespaces="git"')}`)
    await source.look(hello)
    await expect(source.verify(hello, commit, null)).resolves.toBeUndefined()
    const before = source.listsOf(hello)
    writeFileSync(list, mallory.line('mallory@x'))
    expect(source.listsOf(hello)).not.toBe(before)
    await expect(source.verify(hello, commit, null)).rejects.toEqual(
      failure('Untrusted', commit.slice(0, 12), 'by trimtab tests <tests@localhost>', alice.fingerprint, 'not on the list', list),
    )
    expect(readdirSync(join(tmp, 'state/trust'))).toEqual([])
    expect(source.listsOf(app(repo.dir))).toBe('')
  })

  people('what is not trusted, and why', async ({ tmp, open, list, alice, mallory }) => {
    const repo = makeRepo(join(tmp, 'repo')).write({ x: '1' })
    const hello = app(repo.dir, { verify: { signers: list, commits: 'head' } })
    const source = open()
    const refuses = async (commit: string, ...says: string[]) => {
      await source.look(hello)
      await expect(source.verify(hello, commit, null), says[0] ?? '').rejects.toEqual(failure('Untrusted', ...says))
    }
    writeFileSync(list, alice.line('alice@x'))
    await refuses(repo.commit('Unsigned'), 'is not signed', 'git commit -S', list)
    await refuses(commitAs(repo, mallory), mallory.fingerprint, 'not on the list')

    const good = commitAs(repo, alice, 'Good')
    const raw = rawCommit(repo, good).toString('latin1')
    const changed = raw.replace('\n\nGood', '\n\nEvil')
    await refuses(commitRaw(repo, Buffer.from(changed, 'latin1')), 'is not of this commit')
    repo.write({ x: 'evil' }).git('add', '--all')
    const other = raw.replace(/^tree .*$/m, `tree ${repo.git('write-tree')}`)
    await refuses(commitRaw(repo, Buffer.from(other, 'latin1')), 'is not of this commit')
    const twice = raw.replace(/(gpgsig (?:.*\n )*.*\n)/, '$1$1')
    await refuses(commitRaw(repo, Buffer.from(twice, 'latin1')), 'more than one signature')

    // The signature of a tag, which is of something else.
    repo.git('reset', '--quiet', '--soft', good)
    repo.git(...alice.git, 'tag', '-s', '-m', 'One', 'v1')
    const tag = repo.git('cat-file', 'tag', 'v1')
    const signature = tag.slice(tag.indexOf('-----BEGIN')).trimEnd().replaceAll('\n', '\n ')
    await refuses(commitRaw(repo, raw.replace(/gpgsig (?:.*\n )*.*\n/, `gpgsig ${signature}\n`)), 'is not of this commit')

    repo.git('reset', '--quiet', '--soft', good)
    for (const [options, ...says] of [
      ['valid-before="20200101"', 'has expired', 'valid-before 2020-01-01', 'line 2'],
      ['valid-after="20990101"', 'not valid yet', 'line 2'],
      ['namespaces="file"', 'does not allow to sign for git', 'line 2'],
    ] as const) {
      writeFileSync(list, `# ${options}\n${alice.line('alice@x', options)}`)
      await refuses(good, alice.fingerprint, ...says)
    }
    writeFileSync(list, `no line at all\n${mallory.line('mallory@x')}`)
    await refuses(good, 'not on the list', 'line 1 cannot be read')
  })

  people('what keeps it from being found out is a no', async ({ tmp, open, list, alice }) => {
    const repo = makeRepo(join(tmp, 'repo')).write({ x: '1' })
    const commit = commitAs(repo, alice)
    const hello = app(repo.dir, { verify: { signers: list, commits: 'head' } })
    const source = open()
    await source.look(hello)
    const refuses = (...says: string[]) =>
      expect(source.verify(hello, commit, null), says[0]).rejects.toEqual(failure('Untrusted', 'cannot be verified', ...says))
    await refuses('is not there')
    for (const [content, why] of [
      ['', 'names nobody'],
      ['# nobody\n\n', 'names nobody'],
      ['\0\0', 'is no text'],
    ] as const) {
      writeFileSync(list, content)
      await refuses(why)
    }
    const folder = app(repo.dir, { verify: { signers: tmp, commits: 'head' } })
    await expect(source.verify(folder, commit, null)).rejects.toEqual(failure('Untrusted', 'is no file'))
    expect(source.listsOf(folder)).not.toBe('')

    writeFileSync(list, alice.line('alice@x'))
    mkdirSync(join(tmp, 'empty'))
    const without = open({ state: join(tmp, 'without'), env: { ...process.env, PATH: join(tmp, 'empty') } })
    await expect(without.verify(hello, commit, null)).rejects.toThrow()
    const bin = join(tmp, 'bin')
    mkdirSync(bin)
    writeFileSync(join(bin, 'git'), `#!/bin/sh\nPATH='${process.env.PATH}' exec git "$@"\n`, { mode: 0o755 })
    const gitOnly = open({ state: join(tmp, 'git-only'), env: { ...process.env, PATH: bin } })
    await gitOnly.look(hello)
    await expect(gitOnly.verify(hello, commit, null)).rejects.toEqual(
      failure('Untrusted', 'ssh-keygen is not installed', 'apt-get install openssh-client'),
    )
    const gpgOnly = app(repo.dir, { verify: { keyring: list, commits: 'head' } })
    await expect(source.verify(gpgOnly, commit, null)).rejects.toEqual(failure('Untrusted', 'holds no OpenPGP keys'))
  })

  people('a key expires while nothing else changes', async ({ tmp, open, list, alice }) => {
    const repo = makeRepo(join(tmp, 'repo')).write({ x: '1' })
    const commit = commitAs(repo, alice)
    const hello = app(repo.dir, { verify: { signers: list, commits: 'head' } })
    let ahead = 0
    const source = open({ now: () => Date.now() + ahead })
    await source.look(hello)
    const expires = Math.ceil(Date.now() / 1000) * 1000 + 4000
    const written = new Date(expires).toISOString().replace(/[-:T]|\..*/g, '')
    writeFileSync(list, alice.line('alice@x', `valid-before="${written}Z"`))
    await expect(source.verify(hello, commit, null)).resolves.toBeUndefined()
    await until(() => Date.now() > expires + 1000)
    // What was found is kept for a while: a rollout that has begun is not broken off.
    await expect(source.verify(hello, commit, null)).resolves.toBeUndefined()
    ahead = 3_600_000
    await expect(source.verify(hello, commit, null)).rejects.toEqual(failure('Untrusted', 'has expired'))
  })

  people('in a sha256 repository', async ({ tmp, open, list, alice, mallory }) => {
    const repo = makeRepo(join(tmp, 'repo'), 'main', ['--object-format=sha256']).write({ x: '1' })
    const hello = app(repo.dir, { verify: { signers: list, commits: 'head' } })
    const source = open()
    writeFileSync(list, alice.line('alice@x'))
    const good = commitAs(repo, alice)
    expect(good).toHaveLength(64)
    await source.look(hello)
    await expect(source.verify(hello, good, null)).resolves.toBeUndefined()
    const bad = commitAs(repo, mallory)
    await source.look(hello)
    await expect(source.verify(hello, bad, good)).rejects.toEqual(failure('Untrusted', mallory.fingerprint))
  })

  people('every commit since the deployed one', async ({ tmp, open, list, alice, mallory }) => {
    const repo = makeRepo(join(tmp, 'repo')).write({ x: '1' })
    const hello = app(repo.dir, { verify: { signers: list, commits: 'every' } })
    const source = open()
    writeFileSync(list, alice.line('alice@x'))
    repo.commit('From before there was a list')
    const first = commitAs(repo, alice, 'First')
    const second = commitAs(repo, alice, 'Second')
    await source.look(hello)
    await expect(source.verify(hello, first, null)).resolves.toBeUndefined()
    await expect(source.verify(hello, second, first)).resolves.toBeUndefined()

    const between = commitAs(repo, mallory, 'Between')
    const third = commitAs(repo, alice, 'Third')
    await source.look(hello)
    await expect(source.verify(hello, third, second)).rejects.toEqual(
      failure('Untrusted', `Commit ${third.slice(0, 12)}`, `comes with ${between.slice(0, 12)}`, mallory.fingerprint),
    )
    await expect(source.verify({ ...hello, verify: { signers: list, commits: 'head' } }, third, second)).resolves.toBeUndefined()
    await expect(source.verify(hello, third, between)).resolves.toBeUndefined()

    // What a merge brings along counts too.
    repo.git('switch', '--quiet', '--create', 'side', second)
    const side = repo.write({ side: '1' }).commit('Side')
    repo.git('switch', '--quiet', 'main')
    repo.git(...alice.git, 'merge', '--quiet', '--no-ff', '-S', '-m', 'Merge', side)
    await source.look(hello)
    await expect(source.verify(hello, repo.head(), third)).rejects.toEqual(
      failure('Untrusted', `comes with ${side.slice(0, 12)}`, 'is not signed'),
    )
    const gone = 'f'.repeat(40)
    await expect(source.verify(hello, repo.head(), gone)).rejects.toEqual(
      failure('Untrusted', 'is not to be had', 'commits: head'),
    )
  })
})
