import { join } from 'node:path'
import { expect } from 'vitest'
import { need } from '../support/need.ts'
import { makeRepo } from '../support/repo.ts'
import { sshdMissing, startSshd } from '../support/sshd.ts'
import { app, failure, test } from './fixture.ts'

const missing = sshdMissing()

test('a repository over ssh', async ({ tmp, open, skip }) => {
  need({ skip }, 'sshd', missing)
  const repo = makeRepo(join(tmp, 'hello world'))
  const first = repo.write({ x: '1' }).commit()
  const sshd = await startSshd(join(tmp, 'sshd'))
  try {
    const source = open({ env: { ...process.env, GIT_SSH_COMMAND: sshd.command } })
    const hello = app(`${sshd.url}${encodeURI(repo.dir)}`)
    expect(await source.look(hello)).toMatchObject({ ref: 'main', commit: first })
    const second = repo.write({ x: '2' }).commit()
    expect(await source.look(hello)).toMatchObject({ commit: second, since: { commit: first, how: 'forward' } })
    expect(await source.read(hello, second, 'x', 10)).toEqual(Buffer.from('2'))
    await expect(source.look({ ...hello, branch: 'mian' })).rejects.toEqual(failure('BranchMissing', 'Did you mean main?'))
    await expect(source.look(app(`${sshd.url}/none`))).rejects.toEqual(
      failure('RepositoryGone', 'does not appear to be a git repository'),
    )

    const stranger = open({ state: join(tmp, 'stranger'), env: { ...process.env, GIT_SSH_COMMAND: sshd.strangersCommand } })
    await expect(stranger.look(hello)).rejects.toEqual(failure('SourceUnreachable', 'Permission denied', 'needs a key'))
  } finally {
    await sshd.close()
  }
  const source = open({ state: join(tmp, 'closed'), env: { ...process.env, GIT_SSH_COMMAND: sshd.command } })
  await expect(source.look(app(`${sshd.url}${repo.dir}`))).rejects.toEqual(failure('SourceUnreachable', 'Connection refused'))
})
