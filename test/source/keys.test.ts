/** ssh with a key and known hosts of platform.yaml, against a real sshd. */
import { chmodSync, copyFileSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test as plain } from 'vitest'
import { hostKeyProblem, sshCommand, unwritable } from '../../src/source/ssh.ts'
import { need } from '../support/need.ts'
import { makeRepo } from '../support/repo.ts'
import { sshdMissing, startSshd } from '../support/sshd.ts'
import { app, failure, spyOnGit, test } from './fixture.ts'

const missing = sshdMissing()

test('a key and known hosts: used as they are, refused as they should be', async ({ tmp, open, skip }) => {
  need({ skip }, 'sshd', missing)
  const repo = makeRepo(join(tmp, 'repo'))
  const first = repo.write({ x: '1' }).commit()
  const sshd = await startSshd(join(tmp, 'sshd'))
  try {
    // As awkward as a path may be.
    const folder = join(tmp, "it's 100%h $HOME #1")
    mkdirSync(folder)
    const [key, knownHosts] = [join(folder, 'key'), join(folder, 'known hosts')]
    copyFileSync(join(tmp, 'sshd/user'), key)
    chmodSync(key, 0o600)
    copyFileSync(join(tmp, 'sshd/known_hosts'), knownHosts)
    const spy = spyOnGit(tmp)
    // Another key, which the host takes, must not open it.
    const env = { ...spy.env, GIT_SSH_COMMAND: sshd.strangersCommand }
    const source = open({ env })
    const hello = app(`${sshd.url}${repo.dir}`, { auth: { key, knownHosts } })
    expect(await source.look(hello)).toMatchObject({ commit: first })
    expect(spy.calls('fetch').every(({ args }) => !args.includes(key))).toBe(true)
    const refuses = (spec: typeof hello, ...says: string[]) =>
      expect(source.look(spec), says[0]).rejects.toEqual(failure('SourceUnreachable', ...says))

    // The same repository without the key is another question.
    expect(source.head(hello)).toMatchObject({ commit: first })
    expect(source.head(app(hello.repo))).toBeNull()
    await refuses(app(hello.repo), 'Permission denied')
    await refuses(app(hello.repo, { auth: { key: join(tmp, 'sshd/stranger'), knownHosts } }), 'has to accept the key', 'stranger')

    const host = `127.0.0.1 (port ${sshd.port})`
    const stranger = readFileSync(join(tmp, 'sshd/stranger.pub'), 'utf8')
    writeFileSync(knownHosts, `# ours\n[127.0.0.1]:${sshd.port} ${stranger}`)
    await refuses(hello, `the host key of ${host} has changed`, 'line 2', 'SHA256:', `ssh-keygen -R '[127.0.0.1]:${sshd.port}'`)
    writeFileSync(knownHosts, `elsewhere ${stranger}`)
    await refuses(hello, `the host key of ${host} is not known`, 'ssh-keyscan', knownHosts)
    copyFileSync(join(tmp, 'sshd/known_hosts'), knownHosts)
    expect(await source.look(hello)).toMatchObject({ commit: first })

    renameSync(knownHosts, `${knownHosts}-away`)
    await refuses(hello, `the known_hosts ${knownHosts} is not there`)
    renameSync(`${knownHosts}-away`, knownHosts)
    for (const mode of [0o644, 0o640]) {
      chmodSync(key, mode)
      await refuses(hello, `others can read the key ${key}`, mode.toString(8), 'chmod 600')
    }
    chmodSync(key, 0o600)
    await refuses(app(hello.repo, { auth: { key: join(folder, 'none'), knownHosts } }), 'is not there')
    await refuses(app(hello.repo, { auth: { key: folder, knownHosts } }), 'is no file')
    await refuses(app(hello.repo, { auth: { key: `${key}"`, knownHosts } }), 'cannot be given to ssh')
  } finally {
    await sshd.close()
  }
})

describe('the command that git runs', () => {
  plain('quotes for the shell, and for ssh', () => {
    const command = sshCommand({ key: "/it's/100%", knownHosts: '/known hosts' })
    expect(command).toContain(`-o'IdentityFile="/it'\\''s/100%%"'`)
    expect(command).toContain(`-o'UserKnownHostsFile="/known hosts"'`)
    for (const option of ['StrictHostKeyChecking=yes', 'IdentitiesOnly=yes', 'IdentityAgent=none', 'GlobalKnownHostsFile=none'])
      expect(command).toContain(`-o'${option}'`)
    expect(sshCommand({ key: '/key' })).not.toContain('KnownHostsFile')
  })

  plain('has no way to write some paths', () => {
    for (const path of ['/a"b', '/a\\b', '/a\nb', '/$' + '{HOME}']) expect(unwritable(path)).not.toBeNull()
    for (const path of ["/a'b", '/a b', '/a$b', '/a%b', '/ä']) expect(unwritable(path)).toBeNull()
  })

  plain('that fails for another reason says nothing of host keys', () => {
    const remote = { kind: 'ssh', protocol: 'ssh', url: 'git@h:x' } as const
    expect(hostKeyProblem('git@h: Permission denied (publickey).', remote)).toBeNull()
    expect(hostKeyProblem('Host key verification failed.', remote)).toContain('the host key of h is not known')
  })
})
