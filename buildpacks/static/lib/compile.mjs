// node compile.mjs BUILD CACHE: is what the site's rules say right? Then what can be compressed is.
import { writeFileSync } from 'node:fs'
import { relative } from 'node:path'
import { pack } from './pack.mjs'
import { hasBuildScript, loadSite, OUTPUTS } from './static/site.mjs'

const [, , app, cache] = process.argv
const { site, problems, notes } = loadSite(app)
for (const note of notes) console.log(` !     ${note}`)
const folder = site === null ? '' : relative(app, site.root)
const isUnbuilt = hasBuildScript(app) && !OUTPUTS.includes(folder)

if (problems.length > 0) {
  for (const problem of problems.slice(0, 50)) console.log(` !     ${problem}`)
  if (problems.length > 50) console.log(` !     and ${problems.length - 50} more`)
  if (site === null && isUnbuilt) tellOfNodejs()
  process.exit(1)
}
if (isUnbuilt) tellOfNodejs()
const { count, reused } = await pack(site, `${app}/.trimtab/packed`, `${cache}/static`)
console.log(`       ${folder === '' ? 'The folder' : `${folder}/`} is served by .trimtab/static.mjs`)
const rules = site.redirects.length + site.headers.length + site.routes.length
if (rules > 0)
  console.log(
    `       with ${site.redirects.length} redirects, ${site.headers.length} sets of headers, ${site.routes.length} routes`,
  )
if (count > 0)
  console.log(`       Compressed ${count} files for br and gzip${reused > 0 ? `, ${reused} of them in an earlier build` : ''}`)

// For bin/release.
writeFileSync(new URL('../versions', import.meta.url), `versions: {node: "${process.versions.node}"}\n`)

function tellOfNodejs() {
  console.log(' !     package.json has a build script, and static runs none. To serve what it makes:')
  console.log(' !     build: {buildpacks: [nodejs, static]} in app.yaml')
}
