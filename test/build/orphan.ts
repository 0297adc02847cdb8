/** Wants one build and waits to be killed: `orphan.js ROOT COMMIT`. Not a test; ending.test.ts runs it. */
import { join } from 'node:path'
import { createHostBuilder } from '../../src/build/host.ts'
import { DirSource } from '../support/dirsource.ts'

const [root = '', commit = ''] = process.argv.slice(2)
const builder = createHostBuilder({
  state: join(root, 'state'),
  source: new DirSource(join(root, 'source')),
  builds: { concurrency: 1, timeoutMs: 60_000, env: {} },
  buildpacksDir: join(process.cwd(), 'buildpacks'),
})
builder.want('shop', await builder.plan({ app: { name: 'shop', repo: '/repo', path: '' }, commit, settings: { env: {} } }))
setInterval(() => {}, 1000)
