/** Wants one build in a container and waits to be killed: `orphan.js ROOT COMMIT SOCKET PLATFORM STACK`. Not a test; ending.test.ts runs it. */
import { join } from 'node:path'
import { createContainerBuilder } from '../../../src/build/container/builder.ts'
import { createEngine } from '../../../src/engine/engine.ts'
import { DirSource } from '../../support/dirsource.ts'

const [root = '', commit = '', socket = '', platform = '', stack = ''] = process.argv.slice(2)
const builder = createContainerBuilder({
  engine: createEngine(socket),
  platform,
  stack,
  registries: {},
  state: join(root, 'state'),
  source: new DirSource(join(root, 'source')),
  builds: { concurrency: 1, timeoutMs: 60_000, env: {} },
  buildpacksDir: join(process.cwd(), 'buildpacks'),
})
builder.want('shop', await builder.plan({ app: { name: 'shop', repo: '/repo', path: '' }, commit, settings: { env: {} } }))
setInterval(() => {}, 1000)
