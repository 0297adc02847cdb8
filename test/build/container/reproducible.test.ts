/** The same key is the same files, wherever and whenever it is built: names, kinds, modes, owners, times and contents. */
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { extract, type Headers } from 'tar-stream'
import { expect, type TestContext, test } from 'vitest'
import { timeOf } from '../../../src/build/container/seal.ts'
import type { BuildsSpec } from '../../../src/domain.ts'
import { packageRegistries } from '../../support/registries.ts'
import { onlyWithRegistry } from '../registry.ts'
import { HELLO, imageOf, pack } from '../world.ts'
import { type World, world } from './world.ts'

const EXAMPLES = join(import.meta.dirname, '../../../examples')

interface Found {
  key: string
  /** What is in /app, by path, each as a line. */
  files: Map<string, string>
  /** The one layer above the stack. */
  layer: string
  /** The names at its top; null where this engine does not show them. */
  top: string[] | null
  /** Bytes that it adds to the stack, and that the files in /app have. */
  adds: number
  holds: number
}

/** Builds it on a platform of its own, with its own state directory and an empty cache. */
async function built(context: TestContext, tree: Parameters<World['plan']>[0], builds: Partial<BuildsSpec> = {}): Promise<Found> {
  const w = await world(context, { builds: { concurrency: 1, timeoutMs: 120_000, env: {}, ...builds } })
  const plan = await w.plan(tree)
  const { ref, key } = imageOf(await w.build(plan))
  const { docker } = w.engine
  const [image, stack] = [await docker.getImage(ref).inspect(), await docker.getImage(w.stack).inspect()]
  const layers = image.RootFS.Layers ?? []
  expect(layers.slice(0, -1)).toEqual(stack.RootFS.Layers)
  const { Name, Data } = image.GraphDriver
  const top = Name === 'overlay2' ? readdirSync((Data as unknown as { UpperDir: string }).UpperDir) : null
  const container = await docker.createContainer({ Image: ref, HostConfig: { NetworkMode: 'none' } })
  try {
    const { files, holds } = await contentOf(await container.getArchive({ path: '/app' }))
    return { key, files, layer: layers.at(-1) ?? '', top, adds: image.Size - stack.Size, holds }
  } finally {
    await container.remove()
  }
}

async function contentOf(archive: NodeJS.ReadableStream): Promise<Pick<Found, 'files' | 'holds'>> {
  let holds = 0
  const files = new Map<string, string>()
  const entries = extract()
  entries.on('entry', (header, stream, next) => {
    const hash = createHash('sha256')
    stream.on('data', (chunk: Buffer) => hash.update(chunk))
    stream.on('end', () => {
      holds += header.type === 'symlink' ? (header.linkname ?? '').length : (header.size ?? 0)
      files.set(header.name, describe(header, hash.digest('hex')))
      next()
    })
  })
  await new Promise((resolve, reject) => entries.once('finish', resolve).once('error', reject) && archive.pipe(entries))
  return { files, holds }
}

function describe({ type, mode, uid, gid, mtime, linkname }: Headers, hash: string): string {
  return [type, ((mode ?? 0) & 0o7777).toString(8), `${uid}:${gid}`, (mtime?.getTime() ?? 0) / 1000, linkname ?? '', hash].join(
    ' ',
  )
}

const paths = ({ files }: Found) => [...files].map(([path, line]) => `${path} ${line}`).sort()

function expectSame(one: Found, other: Found): void {
  expect(other.key).toBe(one.key)
  expect(paths(other)).toEqual(paths(one))
  expect(other.layer).toBe(one.layer)
  // Nothing but the app is added to the stack: no cache, no scratch folder.
  expect(one.adds).toBe(one.holds)
  if (one.top) expect(one.top).toEqual(['app'])
}

test('one file: everything has the time of its key, and belongs to the app’s user or to trimtab; another key is another time', async (context) => {
  const script = [
    'echo x > "$1/made"; ln -s made "$1/link"; mkdir "$1/dir"; date > /tmp/now; touch -d @5 "$1/old"',
    'cp /bin/true "$1/dir/own"; chmod 6755 "$1/dir/own"; chmod 600 "$1/made"',
  ].join('; ')
  const tree = { ...HELLO, ...pack(script), Procfile: 'web: node server.js\n' }
  const one = await built(context, tree)
  expectSame(one, await built(context, tree))
  const lines = paths(one)
  const time = timeOf(one.key)
  expect(lines.filter((line) => !line.includes(` ${time} `))).toEqual([])
  expect(lines.filter((line) => !line.includes(' 1000:1000 ')).map((line) => line.split(' ')[0])).toEqual(
    ['', 'config/', 'launch', 'processes/', 'processes/web'].map((name) => `app/.trimtab/${name}`),
  )
  expect(one.files.get('app/dir/own')).toMatch(/^file 755 /)
  expect(one.files.get('app/made')).toMatch(/^file 600 /)
  expect(one.files.get('app/link')).toMatch(/^symlink 777 .* made /)
  const other = await built(context, { ...tree, n: '2' })
  expect(timeOf(other.key)).not.toBe(time)
}, 60_000)

test('npm dependencies: the same layer, and nothing in it but the app, its packages and trimtab’s few files', async (context) => {
  await onlyWithRegistry(context, 'npm')
  const { env, ca } = packageRegistries()
  const tree = {
    'package.json': JSON.stringify({
      dependencies: { ms: '2.1.3' },
      devDependencies: { semver: '7.6.3' },
      scripts: { start: 'node s.js' },
    }),
    's.js': '',
  }
  const one = await built(context, tree, { env, ...(ca && { ca }) })
  expectSame(one, await built(context, tree, { env, ...(ca && { ca }) }))
  const tops = new Set([...one.files.keys()].map((path) => path.split('/').slice(0, 3).join('/')))
  expect([...tops].filter((path) => !/^app\/(\.trimtab|\.profile\.d)\//.test(path)).sort()).toEqual(
    ['', 'node_modules/', 'node_modules/.bin', 'node_modules/.package-lock.json', 'node_modules/ms']
      .concat(['package-lock.json', 'package.json', 's.js'])
      .map((name) => `app/${name}`),
  )
}, 120_000)

test('python requirements: the same layer, compiled files included', async (context) => {
  await onlyWithRegistry(context, 'pypi')
  const { env, ca } = packageRegistries()
  const files = ['app.py', 'requirements.txt', 'Procfile']
  const tree = Object.fromEntries(files.map((name) => [name, readFileSync(join(EXAMPLES, 'flask', name), 'utf8')]))
  const one = await built(context, tree, { env, ...(ca && { ca }) })
  expectSame(one, await built(context, tree, { env, ...(ca && { ca }) }))
  expect([...one.files.keys()].some((path) => path.endsWith('.pyc'))).toBe(true)
}, 180_000)
