/** What any way from a commit to an answer has to do, done by hand with nothing around it. Milliseconds each. */
import { spawn } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { get } from 'node:http'
import { join } from 'node:path'
import { freePort, git, gitAsync } from './platform.mjs'

export async function measureParts(repo, commit, scratch, names) {
  const dir = mkdtempSync(join(scratch, 'parts-'))
  const mirror = join(dir, 'mirror.git')
  git(scratch, 'init', '--quiet', '--bare', mirror)
  // As in a mirror that is kept, all but the new commit is there.
  git(mirror, 'fetch', '--quiet', repo, `${git(repo, 'rev-parse', `${commit}^`)}:refs/heads/main`)
  const files = join(dir, 'files')
  mkdirSync(files)
  const port = await freePort()
  let child
  const parts = {
    'git fetch and reading the files': await time(async () => {
      await gitAsync(mirror, 'fetch', '--quiet', repo, `${commit}:refs/heads/main`)
      await readFiles(mirror, commit, names, files)
    }),
    'copying the tree': await time(() => cpSync(files, join(dir, 'copy'), { recursive: true })),
    'node until it listens': await time(() => {
      child = spawn(process.execPath, ['server.js'], { cwd: join(dir, 'copy'), env: { PORT: String(port) } })
      return new Promise((resolve, reject) => {
        child.stdout.once('data', resolve)
        child.once('exit', () => reject(new Error('the server ended')))
      })
    }),
    'its first answer': await time(() => answer(port)),
  }
  child.kill('SIGKILL')
  rmSync(dir, { recursive: true, force: true })
  return parts
}

/** One `git cat-file --batch` for all of them, as cheap as git gets. */
function readFiles(mirror, commit, names, into) {
  return new Promise((resolve, reject) => {
    const child = spawn('git', ['-C', mirror, 'cat-file', '--batch'])
    const chunks = []
    child.stdout.on('data', (chunk) => chunks.push(chunk))
    child.once('error', reject)
    child.once('close', () => {
      let rest = Buffer.concat(chunks)
      for (const name of names) {
        const line = rest.indexOf('\n')
        const size = Number(rest.toString('latin1', 0, line).split(' ')[2])
        writeFileSync(join(into, name), rest.subarray(line + 1, line + 1 + size))
        rest = rest.subarray(line + 2 + size)
      }
      resolve()
    })
    child.stdin.end(names.map((name) => `${commit}:${name}\n`).join(''))
  })
}

function answer(port) {
  return new Promise((resolve, reject) => {
    get({ host: '127.0.0.1', port, agent: false }, (response) => response.resume().once('end', resolve)).once('error', reject)
  })
}

async function time(work) {
  const began = performance.now()
  await work()
  return performance.now() - began
}
