/** How two commits of one repository relate, and what lies between them. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { CommitId } from '../domain.ts'
import type { Head } from '../ports.ts'
import type { Git } from './git.ts'
import type { Objects } from './objects.ts'
import { parseCommit } from './parse.ts'

/**
 * Commits that `to` has and `from` has not, the newest first; at most `limit`. null: that cannot be told, for one of them is not here or
 * the history is cut off (a shallow clone).
 */
export async function between(git: Git, gitDir: string, from: CommitId, to: CommitId, limit: number): Promise<CommitId[] | null> {
  if (from.length !== to.length) return null
  const args = ['rev-list', `--max-count=${limit}`, to, `^${from}`]
  const { code, stdout } = await git.run(args, { gitDir, timeoutMs: 120_000 })
  if (code !== 0) return null
  const ids = stdout.split('\n').filter((line) => line !== '')
  const shallow = join(gitDir, 'shallow')
  const cut = existsSync(shallow) ? new Set(readFileSync(shallow, 'utf8').split('\n')) : null
  return cut && ids.some((id) => cut.has(id)) ? null : ids
}

type How = NonNullable<Head['since']>['how']

const NEAR = 32

export async function relation(git: Git, gitDir: string, objects: Objects, from: CommitId, to: CommitId): Promise<How> {
  if (from.length !== to.length) return 'unrelated' // sha1 and sha256
  if (await isNearAncestor(objects, from, to)) return 'forward'
  const ask = (args: string[]) => git.run(args, { gitDir, timeoutMs: 120_000 })
  if ((await ask(['merge-base', '--is-ancestor', from, to])).code === 0) return 'forward'
  // 1: nothing in common. Anything else: `from` is no longer here to compare with, so it was rewritten away.
  const common = await ask(['merge-base', from, to])
  return common.code === 1 ? 'unrelated' : 'rewritten'
}

/** The usual case, one or a few commits ahead, costs no process. */
async function isNearAncestor(objects: Objects, from: CommitId, to: CommitId): Promise<boolean> {
  const seen = new Set([to])
  const queue = [to]
  for (let steps = 0; steps < NEAR; steps++) {
    const id = queue.shift()
    if (id === undefined) return false
    for (const parent of parseCommit(await objects.read(id, 'commit')).parents) {
      if (parent === from) return true
      if (!seen.has(parent)) queue.push(parent)
      seen.add(parent)
    }
  }
  return false
}
