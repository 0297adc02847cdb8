/** A platform to measure: the built command line in a process of its own, on a directory of its own. */
import { execFile, execFileSync, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { Client } from '../dist/http/client.js'
import { root } from '../scripts/ready.mjs'

const cli = join(root, 'bin/trimtab.js')
const run = promisify(execFile)

const IDENTITY = {
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_GLOBAL: '/dev/null',
  ...Object.fromEntries(
    ['AUTHOR', 'COMMITTER'].flatMap((who) => [`GIT_${who}_NAME`, `GIT_${who}_EMAIL`].map((name) => [name, 'bench'])),
  ),
}

/** Runs git to its end; gives what it printed, without the last newline. */
export function git(dir, ...args) {
  return execFileSync('git', ['-C', dir, ...args], { env: { ...process.env, ...IDENTITY }, encoding: 'utf8' }).trimEnd()
}

/** The same without waiting in the way of everything else. */
export async function gitAsync(dir, ...args) {
  return (await run('git', ['-C', dir, ...args], { env: { ...process.env, ...IDENTITY } })).stdout.trimEnd()
}

/** A repository with these files in one commit on main. */
export function makeRepo(dir, files) {
  mkdirSync(dir, { recursive: true })
  git(dir, 'init', '--quiet', '--initial-branch=main')
  git(dir, 'config', 'gc.auto', '0')
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(dir, path)), { recursive: true })
    writeFileSync(join(dir, path), text)
  }
  git(dir, 'add', '--all')
  git(dir, 'commit', '--quiet', '--message', 'The first')
  return dir
}

/** Commits without moving the branch: this tree, with `file` as `text`, after `parent`. Gives the commit. */
export function prepareCommit(dir, parent, file, text) {
  const blob = execFileSync('git', ['-C', dir, 'hash-object', '-w', '--stdin'], { input: text, encoding: 'utf8' }).trim()
  git(dir, 'read-tree', parent)
  git(dir, 'update-index', '--cacheinfo', `100644,${blob},${file}`)
  return git(dir, 'commit-tree', '-p', parent, '-m', 'A change', git(dir, 'write-tree'))
}

/** A directory for one measurement, with `trimtab up` in it once `up()` has resolved. `configure`: a last word about platform.yaml, which may need the directory. */
export async function makePlatform({ apps, configure = () => {}, ...more }) {
  const dir = mkdtempSync(join(tmpdir(), 'trimtab-bench-'))
  const state = join(dir, 'state')
  const config = join(dir, 'platform.yaml')
  const routerPort = await freePort()
  const file = {
    domain: 'bench.localhost',
    state,
    poll: '1h',
    runtime: 'process',
    http: { listen: `127.0.0.1:${await freePort()}` },
    router: { kind: 'embedded', listen: `127.0.0.1:${routerPort}` },
    ...more,
    apps: apps(dir),
  }
  configure(file, dir)
  writeFileSync(config, JSON.stringify(file))
  const client = new Client(state)
  let child
  let output = ''
  return {
    dir,
    state,
    client,
    routerPort,
    pid: () => child.pid,
    async up() {
      child = spawn(process.execPath, [cli, '--config', config, 'up'], { stdio: ['ignore', 'pipe', 'pipe'] })
      for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => (output += data))
      await until(async () => {
        if (child.exitCode !== null) throw new Error(`up ended:\n${output}`)
        return client.version().then(
          () => true,
          () => false,
        )
      }, 'the API')
    },
    /** Waits until every app is live on this commit. */
    async live(commit, ms = 60_000) {
      let last
      await until(
        async () => {
          last = await client.status()
          return last.every((one) => one.status === 'Live' && one.serving?.commit === commit)
        },
        () => `${commit} to be live; ${JSON.stringify(last?.find((one) => one.status !== 'Live'))}`,
        ms,
        20,
      )
    },
    /** Stops all of it and removes the directory. */
    async strike() {
      await run(process.execPath, [cli, '--config', config, 'down'], { maxBuffer: 2 ** 26 })
      if (child.exitCode === null) await new Promise((resolve) => child.once('exit', resolve))
      rmSync(dir, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}

export async function until(condition, what, ms = 30_000, everyMs = 5) {
  const deadline = performance.now() + ms
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`waited ${ms} ms for ${typeof what === 'string' ? what : what()}`)
    await sleep(everyMs)
  }
}

export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms))

export function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address()
      server.close(() => resolve(port))
    })
  })
}

/** How many builds began for these commits. */
export async function builds(client, commits) {
  let begun = 0
  for await (const { type, commit } of client.events({ app: 'hello', limit: 10_000, follow: false })) {
    if (type === 'BuildStarted' && commits.includes(commit)) begun++
  }
  return begun
}
