// Whether node_modules may be taken from the last build, and by what it is known.
import { createHash } from 'node:crypto'
import { contentOf, some, text } from './package.mjs'

/** What besides the lock file decides what a package manager installs. */
const SETTINGS = ['.npmrc', '.yarnrc', '.yarnrc.yml', 'pnpm-workspace.yaml', '.pnpmfile.cjs']
/** The app's own scripts that package managers run with an install. */
const HOOKS = { npm: ['preinstall', 'install', 'postinstall', 'prepare'], yarn: ['preinstall', 'install', 'postinstall'] }

/** A hash of all that decides what node_modules holds, but for the versions of Node.js and the package manager; empty: more does. */
export function modulesKey(pkg, { name, lock, range }, build) {
  // Packages of the tree itself are in no lock file, nor are patches.
  const isLocal = (value) => typeof value === 'string' && /^(file|link|portal|workspace|patch|\.|\/)/.test(value)
  const fields = [pkg.dependencies, pkg.devDependencies, pkg.optionalDependencies, pkg.resolutions, pkg.overrides]
  if (lock === '' || some(pkg.workspaces) || some(pkg.pnpm?.patchedDependencies)) return ''
  if (fields.some((field) => some(field) && Object.values(field).some(isLocal))) return ''
  if (/^(packages|patchedDependencies):/m.test(contentOf('pnpm-workspace.yaml') ?? '')) return ''
  const { scripts, ...rest } = pkg
  const switches = [process.env.production, process.env.NODE_ENV]
  const files = [lock, ...SETTINGS].map((file) => [file, contentOf(file)])
  const all = [2, rest, files, switches, name, range, build, hooksOf(pkg, name).map((hook) => scripts[hook])]
  return createHash('sha256').update(JSON.stringify(all)).digest('hex')
}

/** Those it has, in the order they run in. They are run after a node_modules from the cache too: they may write anywhere. */
export function hooksOf(pkg, name) {
  return (HOOKS[name] ?? HOOKS.npm).filter((hook) => text(pkg.scripts?.[hook]) !== undefined)
}
