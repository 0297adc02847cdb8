/** `npm test [-- FILTER …]`: the whole suite against real parts; ends with "N passed, N failed, N skipped". */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { ready, root } from './ready.mjs'

ready()
const vitest = join(root, 'node_modules/vitest/vitest.mjs')
const reporter = join(root, 'scripts/reporter.mjs')
const args = [vitest, 'run', `--reporter=${reporter}`, ...process.argv.slice(2)]
const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] })
process.exit(status ?? 1)
