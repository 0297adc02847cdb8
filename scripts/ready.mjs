/** What every script needs first: the dependencies as the lock file names them, and dist/ as the sources are now. */
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = dirname(dirname(fileURLToPath(import.meta.url)))

const [major, minor] = process.versions.node.split('.').map(Number)
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(`trimtab needs Node 20.19 or newer; this is ${process.versions.node}.`)
  process.exit(1)
}

/** Installs and builds what is missing. Ends the process with a clear word if that fails. */
export function ready() {
  const lock = readFileSync(join(root, 'package-lock.json'))
  const stamp = join(root, 'node_modules', '.trimtab-lock')
  const locked = createHash('sha256').update(lock).update(process.versions.modules).digest('hex')
  if (read(stamp) !== locked) {
    console.error('Installing the dependencies (once; better-sqlite3 is compiled, which takes a minute) …')
    run(process.env.npm_execpath ? process.execPath : 'npm', [
      ...(process.env.npm_execpath ? [process.env.npm_execpath] : []),
      ...['ci', '--no-audit', '--no-fund', '--loglevel=error'],
    ])
    writeFileSync(stamp, locked)
  }
  const built = join(root, 'dist', '.built')
  const sources = hashOf(['src', 'package.json', 'tsconfig.json', 'tsconfig.build.json'])
  if (read(built) !== sources) {
    console.error('Building trimtab …')
    // Beside the old one, which stays where the sources do not compile.
    const fresh = `dist.${process.pid}`
    process.once('exit', () => rmSync(join(root, fresh), { recursive: true, force: true }))
    run(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', 'tsconfig.build.json', '--outDir', fresh])
    writeFileSync(join(root, fresh, '.built'), sources)
    rmSync(join(root, 'dist'), { recursive: true, force: true })
    renameSync(join(root, fresh), join(root, 'dist'))
  }
}

/** Runs a program to its end; its failure is this script's. */
export function run(program, args, options = {}) {
  const { status, error } = spawnSync(program, args, { cwd: root, stdio: ['ignore', 2, 2], ...options })
  if (status === 0) return
  console.error(`${[program, ...args].join(' ')} failed${error ? `: ${error.message}` : ` (exit ${status})`}.`)
  process.exit(status || 1)
}

function read(file) {
  return existsSync(file) ? readFileSync(file, 'utf8') : null
}

function hashOf(paths) {
  const hash = createHash('sha256')
  const add = (path) => {
    const full = join(root, path)
    if (!path.includes('.')) for (const name of readdirSync(full).sort()) add(`${path}/${name}`)
    else hash.update(path).update(readFileSync(full))
  }
  for (const path of paths) add(path)
  return hash.digest('hex')
}
