import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { compiled } from './compiled.ts'
import { failureOf, HELLO, imageOf, pack, type World, world } from './world.ts'

/** Writes its pid into `<root>/<name>` and never ends by itself, or at SIGTERM. */
const stubborn = (root: string, name: string, prefix = '') =>
  `${prefix} bash -c 'trap "" TERM; echo $$ > ${root}/${name}; while :; do sleep 0.05; done'`

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

/** The pid that a process wrote, as soon as it has. */
async function pidIn(root: string, name: string): Promise<number> {
  return vi.waitFor(async () => {
    const pid = Number(await readFile(join(root, name), 'utf8'))
    if (!pid) throw new Error('not yet')
    return pid
  }, 5000)
}

const gone = (pid: number) => vi.waitFor(() => expect(alive(pid)).toBe(false), 5000)

async function leftIn(root: string): Promise<string[]> {
  return (await readdir(join(root, 'state/builds'))).filter((name) => !name.endsWith('.log'))
}

test('a build that takes too long is ended, with all it started', async () => {
  const w = await world({ graceMs: 100 })
  const compile = `${stubborn(w.root, 'a')} &\n${stubborn(w.root, 'b', 'setsid')} &\n${stubborn(w.root, 'c')}`
  const one = await w.plan(pack(compile), { settings: { timeoutMs: 1500 } })
  const end = w.build(one)
  const pids = await Promise.all(['a', 'b', 'c'].map((name) => pidIn(w.root, name)))
  const failure = failureOf(await end)
  expect(failure).toMatchObject({ code: 'BuildTimeout', retry: false })
  expect(failure.message).toContain('longer than 1.5 s')
  for (const pid of pids) await gone(pid)
  expect(await w.log(one)).toContain(' !     The build took longer')
  expect(await leftIn(w.root)).toEqual([])
})

test('a newer wish cancels the build; SIGTERM lets it tidy up first', async () => {
  const w = await world({ graceMs: 5000 })
  const compile = `trap 'echo tidied > ${w.root}/tidied; exit 1' TERM; echo $$ > ${w.root}/pid; while :; do sleep 0.05; done`
  const old = await w.plan(pack(compile))
  const newer = await w.plan(HELLO)
  w.builder.want('shop', old)
  const pid = await pidIn(w.root, 'pid')
  imageOf(await w.build(newer))
  expect(w.builder.state(old.key)).toMatchObject({ state: 'failed', failure: { code: 'BuildCancelled' } })
  expect(existsSync(join(w.root, 'tidied'))).toBe(true)
  await gone(pid)
})

test('what a successful compile left running in the background is ended too, also outside of its group', async () => {
  const w = await world()
  const one = await w.plan(pack(`${stubborn(w.root, 'a')} &\n${stubborn(w.root, 'b', 'setsid')} & sleep 0.3`))
  imageOf(await w.build(one))
  for (const name of ['a', 'b']) await gone(await pidIn(w.root, name))
  await w.builder.close()
  expect(await leftIn(w.root)).toEqual([])
})

test('close ends what runs and leaves nothing', async () => {
  const w = await world({ graceMs: 100 })
  const one = await w.plan(pack(stubborn(w.root, 'a')))
  w.builder.want('shop', one)
  const pid = await pidIn(w.root, 'a')
  await w.builder.close()
  await gone(pid)
  expect(await leftIn(w.root)).toEqual([])
})

test('after a kill -9 of trimtab, the next start ends the orphaned build and builds again', async (context) => {
  const w = await world()
  if (process.platform !== 'linux') context.skip('reads /proc')
  const killed = await startAndKill(w)
  expect(killed.pids.map(alive)).toEqual([true, true])
  const before = await leftIn(w.root)
  expect(before.some((name) => name.endsWith('.track'))).toBe(true)

  const next = w.restart()
  for (const pid of killed.pids) await gone(pid)
  await writeFile(join(w.root, 'works'), '')
  const one = await w.plan(killed.commit)
  const done = new Promise((resolve) =>
    next.onChange((_, state) => ['succeeded', 'failed'].includes(state.state) && resolve(state)),
  )
  next.want('shop', one)
  expect(await done).toMatchObject({ state: 'succeeded' })
  await next.close()
  expect(await leftIn(w.root)).toEqual([])
})

test('a record that names a process which is not ours kills nobody', async () => {
  const w = await world()
  const bystander = spawn('sleep', ['60'], { detached: true, stdio: 'ignore' })
  const pid = bystander.pid ?? 0
  const lines = [{ cookie: 'x'.repeat(60) }, { leader: { pid, start: 'another boot 12345' } }]
  await writeFile(join(w.root, 'state/builds/stale.track'), lines.map((line) => JSON.stringify(line)).join('\n'))
  const next = w.restart()
  await vi.waitFor(async () => expect(await leftIn(w.root)).toEqual([]), 5000)
  expect(alive(pid)).toBe(true)
  bystander.kill('SIGKILL')
  await next.close()
})

/** Another process that builds on the same state, killed with SIGKILL in the middle of a compile. */
async function startAndKill(w: World): Promise<{ pids: number[]; commit: string }> {
  const compile = `[ -e ${w.root}/works ] && exit 0\n${stubborn(w.root, 'b', 'setsid')} &\n${stubborn(w.root, 'a')}`
  const commit = await w.source.commit(pack(compile))
  const child = spawn(process.execPath, [await compiled('test/build/orphan.ts'), w.root, commit], { stdio: 'inherit' })
  const pids = await Promise.all(['a', 'b'].map((name) => pidIn(w.root, name)))
  const exited = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGKILL')
  await exited
  return { pids, commit }
}
