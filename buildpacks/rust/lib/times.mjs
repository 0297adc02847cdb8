// times.mjs DIR MEMORY: gives each file of the app the time at which a build first saw it with this content. A checkout's times are
// all the same, and cargo takes what is older than the last build for unchanged.
import { createHash } from 'node:crypto'
import { lutimesSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const [dir, memory] = process.argv.slice(2)

function remembered() {
  try {
    return JSON.parse(readFileSync(memory, 'utf8'))
  } catch {
    return {}
  }
}

const before = remembered()
const now = Date.now() / 1000
const after = {}
for (const entry of readdirSync(dir, { recursive: true, withFileTypes: true })) {
  if (!entry.isFile() && !entry.isSymbolicLink()) continue
  const path = join(entry.parentPath ?? entry.path, entry.name)
  const content = entry.isFile() ? readFileSync(path) : readlinkSync(path)
  const hash = createHash('sha256').update(content).digest('base64')
  after[path] = before[path]?.[0] === hash ? before[path] : [hash, now]
  lutimesSync(path, now, after[path][1])
}
// Before anything is compiled: a build that fails half-way has seen them too.
writeFileSync(memory, JSON.stringify(after))
