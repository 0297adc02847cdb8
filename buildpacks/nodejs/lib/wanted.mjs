// Which Node.js and which package manager an app asks for.
import { contentOf, fail, text } from './package.mjs'
import { satisfies } from './range.mjs'

/** The first file that names a version counts, in the order in which version managers look. */
export function wantedNode(pkg) {
  const found = nodeNamed(pkg)
  if (found !== undefined && satisfies('20.0.0', found.range) === undefined) {
    fail(
      `${found.from} asks for Node.js "${found.range}", which is no version that can be understood.`,
      'Write something like 20, 20.x or >=20.19.',
    )
  }
  return found
}

function nodeNamed(pkg) {
  for (const from of ['.node-version', '.nvmrc']) {
    const line = (contentOf(from) ?? '').split('\n').find((one) => one.trim() !== '' && !one.startsWith('#'))
    if (line !== undefined) return { range: line.trim(), from }
  }
  const range = text(pkg.engines?.node)
  return range === undefined ? undefined : { range, from: 'engines.node in package.json' }
}

const LOCKS = {
  'npm-shrinkwrap.json': 'npm',
  'package-lock.json': 'npm',
  'yarn.lock': 'yarn',
  'pnpm-lock.yaml': 'pnpm',
}

/** `range` is empty where the app does not care; `from` says who asked. */
export function wantedManager(pkg) {
  const locks = Object.keys(LOCKS).filter((file) => contentOf(file) !== undefined)
  const found = [...new Set(locks.map((file) => LOCKS[file]))]
  if (found.length > 1)
    fail(`There are lock files of several package managers: ${found.join(' ')}.`, 'Keep the one you use and remove the others.')
  const [, named, exact] = /^(npm|yarn|pnpm)@([^+]+)/.exec(text(pkg.packageManager) ?? '') ?? []
  const name = found[0] ?? named ?? 'npm'
  const lock = locks[0] ?? ''
  const said =
    named === name ? { range: exact, from: 'packageManager' } : { range: text(pkg.engines?.[name]), from: `engines.${name}` }
  if (said.range === undefined)
    return { name, lock, range: byLock(name, lock), from: lock === '' ? '' : `for ${lock}`, other: named }
  if (satisfies('20.0.0', said.range) === undefined)
    fail(`${said.from} in package.json asks for ${name} "${said.range}", which is no version that can be understood.`)
  return { name, lock, range: said.range, from: `${said.from} in package.json`, other: named }
}

/** The versions that can read a lock file without rewriting it. */
function byLock(name, lock) {
  if (name === 'npm') return ''
  const content = lock === '' ? '' : (contentOf(lock) ?? '').slice(0, 4096)
  if (name === 'pnpm') {
    const format = Number(/^lockfileVersion:\s*'?(\d+\.\d+)/m.exec(content)?.[1] ?? 9)
    return format < 5.4 ? '6' : format < 6 ? '7' : format < 7 ? '8' : '9 || 10'
  }
  const format = Number(
    /^__metadata:\s+version:\s*"?(\d+)/m.exec(content)?.[1] ?? (contentOf('.yarnrc.yml') === undefined ? 0 : 8),
  )
  return format === 0 ? '1' : format < 5 ? '2' : format < 8 ? '3' : '4'
}
