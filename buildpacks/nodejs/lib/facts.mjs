// What package.json, the lock file and the version files say, one `name<TAB>value` a line, for facts.sh.
import { existsSync } from 'node:fs'
import { hooksOf, modulesKey } from './modules.mjs'
import { contentOf, readPackage, some, text } from './package.mjs'
import { satisfies } from './range.mjs'
import { wantedManager, wantedNode } from './wanted.mjs'

const pkg = readPackage()
const scripts = typeof pkg.scripts === 'object' && pkg.scripts !== null ? pkg.scripts : {}

// Run the script's own text: `npm start` adds a process that keeps signals from the app, and some 200 ms. With hooks around
// it, npm's variables in it, or more than a line, it is npm's business.
function web() {
  const start = text(scripts.start)
  if (start === undefined) return existsSync('server.js') ? 'node server.js' : ''
  return text(scripts.prestart) || text(scripts.poststart) || /npm_|[\r\n]/.test(start) ? 'npm start' : scripts.start
}

const node = wantedNode(pkg)
const manager = wantedManager(pkg)
// As on Heroku: heroku-postbuild instead of build where there are both.
const build = text(scripts['heroku-postbuild']) ? 'heroku-postbuild' : text(scripts.build) ? 'build' : ''
const hasWorkspaces = some(pkg.workspaces) || /^packages:/m.test(contentOf('pnpm-workspace.yaml') ?? '')
const yarnPath = /^yarnPath:\s*["']?([\w./@-]+)/m.exec(contentOf('.yarnrc.yml') ?? '')?.[1]
const linker = /^nodeLinker:\s*["']?([\w-]+)/m.exec(contentOf('.yarnrc.yml') ?? '')?.[1]

// Scripts that need nothing of npm but to be run (see run.sh): without hooks around them, npm's variables in them or settings for them.
function plainScripts() {
  if (manager.name !== 'npm' || some(pkg.config) || /script/.test(contentOf('.npmrc') ?? '')) return []
  const names = ['heroku-prebuild', build, 'heroku-cleanup', ...hooksOf(pkg, manager.name)].filter((name) => text(scripts[name]))
  return names.filter(
    (name) => !text(scripts[`pre${name}`]) && !text(scripts[`post${name}`]) && !/npm_|[\t\r\n]/.test(scripts[name]),
  )
}

const facts = {
  web: web() === '' ? '' : JSON.stringify(web()),
  node_range: node?.range ?? '',
  node_from: node?.from ?? '',
  node_fits: node === undefined || satisfies(process.versions.node, node.range) ? 'yes' : '',
  node_version: process.versions.node,
  node_package: `node-${process.platform}-${process.arch === 'arm' ? 'armv7l' : process.arch}`,
  has_dependencies: [pkg.dependencies, pkg.devDependencies, pkg.optionalDependencies].some(some) || hasWorkspaces ? 'yes' : '',
  has_dev: some(pkg.devDependencies) || hasWorkspaces ? 'yes' : '',
  has_workspaces: hasWorkspaces ? 'yes' : '',
  prebuild: text(scripts['heroku-prebuild']) ? 'yes' : '',
  build,
  cleanup: text(scripts['heroku-cleanup']) ? 'yes' : '',
  manager: manager.name,
  manager_range: manager.range,
  manager_from: manager.from,
  manager_other: manager.other === undefined || manager.other === manager.name ? '' : manager.other,
  lockfile: manager.lock,
  yarn_path: manager.name === 'yarn' && yarnPath !== undefined && existsSync(yarnPath) ? yarnPath : '',
  yarn_linker: linker ?? 'pnp',
  modules_key: modulesKey(pkg, manager, build),
  hooks: hooksOf(pkg, manager.name).join(' '),
  package_name: text(pkg.name) ?? '',
  package_version: text(pkg.version) ?? '',
  ...Object.fromEntries(plainScripts().map((name) => [`script_${name.replace('-', '_')}`, scripts[name]])),
}
for (const [name, value] of Object.entries(facts)) process.stdout.write(`${name}\t${value.replace(/[\t\r\n]/g, ' ')}\n`)
