// What package.json and the version files say, one `name<TAB>value` a line, for facts.sh.
import { existsSync, readFileSync } from 'node:fs'
import { satisfies } from './range.mjs'

function fail(...lines) {
  for (const line of lines) process.stderr.write(` !     ${line}\n`)
  process.exit(1)
}

function readPackage() {
  if (!existsSync('package.json')) return {}
  try {
    const value = JSON.parse(readFileSync('package.json', 'utf8').replace(/^\uFEFF/, ''))
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value
  } catch (error) {
    fail(`package.json is not valid JSON: ${error.message}`)
  }
  fail('package.json holds no object.')
}

const some = (value) => typeof value === 'object' && value !== null && Object.keys(value).length > 0
const text = (value) => (typeof value === 'string' && value.trim() !== '' ? value : undefined)

const pkg = readPackage()
const scripts = typeof pkg.scripts === 'object' && pkg.scripts !== null ? pkg.scripts : {}

// Run the script's own text: `npm start` adds a process that keeps signals from the app, and some 200 ms. With hooks around
// it, npm's variables in it, or more than a line, it is npm's business.
function web() {
  const start = text(scripts.start)
  if (start === undefined) return existsSync('server.js') ? 'node server.js' : ''
  return text(scripts.prestart) || text(scripts.poststart) || /npm_|[\r\n]/.test(start) ? 'npm start' : start
}

// The first file that names a version counts, in the order in which version managers look.
function wanted() {
  for (const file of ['.node-version', '.nvmrc']) {
    if (!existsSync(file)) continue
    const range = readFileSync(file, 'utf8').split('\n')[0].trim()
    if (range !== '') return { range, file }
  }
  const range = text(pkg.engines?.node)
  return range === undefined ? undefined : { range, file: 'engines.node in package.json' }
}

const node = wanted()
if (node !== undefined) {
  const have = process.versions.node
  const fits = satisfies(have, node.range)
  if (fits === undefined)
    fail(
      `${node.file} asks for Node.js "${node.range}", which is no version that can be understood.`,
      `Write something like 20, 20.x or >=20.19.`,
    )
  if (!fits) {
    const isHost = process.env.STACK === 'host'
    fail(
      `${node.file} asks for Node.js ${node.range}; ${isHost ? 'this machine' : 'the stack'} has ${have}.`,
      isHost
        ? `Builds on the host use the node on trimtab's PATH: install a fitting one, or change the version asked for.`
        : 'Use a stack image that has a fitting one, or change the version asked for.',
    )
  }
}

const facts = {
  web: web() === '' ? '' : JSON.stringify(web()),
  node_wanted: node === undefined ? '' : `${node.range} (${node.file})`.replace(/[\t\r\n]/g, ' '),
  has_dependencies: [pkg.dependencies, pkg.devDependencies, pkg.optionalDependencies, pkg.workspaces].some(some) ? 'yes' : '',
  has_dev: some(pkg.devDependencies) || some(pkg.workspaces) ? 'yes' : '',
  prebuild: text(scripts['heroku-prebuild']) ? 'yes' : '',
  // As on Heroku: heroku-postbuild instead of build where there are both.
  build: text(scripts['heroku-postbuild']) ? 'heroku-postbuild' : text(scripts.build) ? 'build' : '',
  manager: /^(npm|yarn|pnpm)@/.exec(text(pkg.packageManager) ?? '')?.[1] ?? '',
}
for (const [name, value] of Object.entries(facts)) process.stdout.write(`${name}\t${value}\n`)
