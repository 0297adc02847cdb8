import { execFileSync } from 'node:child_process'
import { mkdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { RefWatch } from '../../src/source/watch.ts'
import { makeRepo, openRepo } from '../support/repo.ts'
import { app, test as base, until } from './fixture.ts'

/** Follows a path; `next()` waits for a call that comes after it was called. */
const test = base.extend<{
  follow(path: string): { next(change: () => unknown): Promise<void>; size(): number; calls(): number; close(): void }
}>({
  // biome-ignore lint/correctness/noEmptyPattern: vitest reads it
  follow: async ({}, use) => {
    const watches: RefWatch[] = []
    await use((path) => {
      let calls = 0
      const watch = new RefWatch(path, () => calls++)
      watches.push(watch)
      const next = async (change: () => unknown) => {
        const before = calls
        change()
        await until(() => calls > before)
      }
      return { next, size: () => watch.size, calls: () => calls, close: () => watch.close() }
    })
    for (const watch of watches) watch.close()
  },
})

test('commits, branches, packing: each is seen', async ({ tmp, follow }) => {
  const repo = makeRepo(join(tmp, 'hello'))
  const seen = follow(repo.dir)
  await seen.next(() => repo.commit())
  await seen.next(() => repo.commit())
  await seen.next(() => repo.git('checkout', '--quiet', '-b', 'feature/deep/one'))
  await seen.next(() => repo.commit())
  await seen.next(() => repo.git('pack-refs', '--all', '--prune'))
  await seen.next(() => repo.commit())
  await seen.next(() => repo.git('gc', '--quiet'))
  await seen.next(() => repo.commit())
  await seen.next(() => repo.git('checkout', '--quiet', '--detach'))
  await seen.next(() => repo.commit())
  await seen.next(() => repo.git('branch', '-D', 'feature/deep/one'))
  await seen.next(() => repo.git('checkout', '--quiet', '-b', 'feature/deep/one'))
  await seen.next(() => repo.commit())
  await seen.next(() => repo.git('symbolic-ref', 'HEAD', 'refs/heads/main'))
  expect(seen.size()).toBeLessThan(10)
})

test('a repository that appears, goes, comes back, is replaced', async ({ tmp, follow }) => {
  const path = join(tmp, 'not/yet/hello')
  const seen = follow(path)
  await seen.next(() => makeRepo(path))
  await seen.next(() => openRepo(path).commit())
  await seen.next(() => rmSync(path, { recursive: true }))
  await seen.next(() => makeRepo(path))
  await seen.next(() => openRepo(path).commit())
  await seen.next(() => renameSync(path, `${path}-away`))
  await seen.next(() => renameSync(`${path}-away`, path))
  await seen.next(() => openRepo(path).commit())
  await seen.next(() => rmSync(join(tmp, 'not'), { recursive: true }))
  await seen.next(() => mkdirSync(path, { recursive: true }))
  await seen.next(() => execFileSync('git', ['init', '--quiet', '--bare', path]))
  expect(seen.size()).toBeLessThan(10)
})

test('bare repositories, pushed to; linked work trees', async ({ tmp, follow }) => {
  const repo = makeRepo(join(tmp, 'work'))
  repo.commit()
  repo.git('clone', '--quiet', '--bare', repo.dir, join(tmp, 'bare.git'))
  const bare = follow(join(tmp, 'bare.git'))
  repo.commit()
  await bare.next(() => repo.git('push', '--quiet', join(tmp, 'bare.git'), 'main'))
  repo.git('worktree', 'add', '--quiet', '-b', 'next', join(tmp, 'linked'))
  const linked = openRepo(join(tmp, 'linked'))
  const seen = follow(linked.dir)
  await seen.next(() => linked.commit())
  await seen.next(() => repo.commit())
  await seen.next(() => linked.git('checkout', '--quiet', '--detach'))
})

test('work in the work tree is none of its concern', async ({ tmp, follow }) => {
  const repo = makeRepo(join(tmp, 'hello'))
  repo.commit()
  const seen = follow(repo.dir)
  repo.write({ 'a/b': '1', c: '2' })
  repo.git('add', '--all')
  const before = seen.calls()
  await seen.next(() => repo.commit()) // after everything else, in order
  expect(before).toBe(0)
  seen.close()
  expect(seen.size()).toBe(0)
})

test('the port: shared by apps, ended one by one, and followed by a look', async ({ tmp, source }) => {
  const repo = makeRepo(join(tmp, 'hello'))
  repo.commit()
  const hello = app(repo.dir)
  const seen: string[] = []
  const end = source.watch(hello, () => {
    source.look(hello).then((head) => seen.push(head.commit))
  })
  let other = 0
  const endOther = source.watch(app(`file://${repo.dir}`, { name: 'other' }), () => other++)
  const commit = repo.commit()
  await until(() => seen.includes(commit) && other > 0)
  endOther()
  endOther()
  const counted = other
  const next = repo.commit()
  await until(() => seen.includes(next))
  expect(other).toBe(counted)
  end()
  expect(source.watch(app('https://example.com/x.git'), () => {})()).toBeUndefined()
})
