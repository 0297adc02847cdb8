/** How two commits of one branch, the one it was at and the one it is at, relate. */
import type { CommitId } from '../domain.ts'
import type { Head } from '../ports.ts'
import type { Git } from './git.ts'
import type { Objects } from './objects.ts'
import { parseCommit } from './parse.ts'

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
