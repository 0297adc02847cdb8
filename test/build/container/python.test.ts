import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Image } from '../../../src/domain.ts'
import { packageRegistries } from '../../support/registries.ts'
import { onlyWithRegistry } from '../registry.ts'
import { failureOf, imageOf } from '../world.ts'
import { answer, run } from './run.ts'
import { type World, world } from './world.ts'

const EXAMPLE = join(import.meta.dirname, '../../../examples/flask')
const FLASK: Record<string, string> = Object.fromEntries(
  ['app.py', 'requirements.txt'].map((name) => [name, readFileSync(join(EXAMPLE, name), 'utf8')]),
)

/** Every file of the app: what kind it is, its mode, its path, where it leads to, a hash of what is in it. */
async function filesOf(w: World, image: Image): Promise<string[]> {
  const list = 'cd /app && find . -printf "%y %m %p %l\\n" | sort && find . -type f -print0 | sort -z | xargs -0 sha256sum'
  const ran = await run(w, image, ['-c', list])
  expect(await ran.exit).toBe(0)
  return ran.output().split('\n')
}

test('built from nothing and from the cache, every file is the same', { timeout: 240_000 }, async (context) => {
  await onlyWithRegistry(context, 'pypi')
  const { env, ca } = packageRegistries()
  const builds = { concurrency: 1, timeoutMs: 120_000, env, ...(ca && { ca }) }
  const [one, other] = [await world(context, { builds }), await world(context, { builds })]
  const built = async (w: World, tree: Record<string, string>) => {
    const plan = await w.plan(tree)
    const began = performance.now()
    const image = imageOf(await w.build(plan))
    return { image, took: performance.now() - began, text: await w.log(plan) }
  }
  const earlier = await built(one, { ...FLASK, 'app.py': `${FLASK['app.py']}# earlier\n` })
  const warm = await built(one, FLASK)
  expect(warm.text).toContain('requirements.txt is unchanged: using what the last build installed')
  console.log(`python, second build in a container: ${(warm.took / earlier.took).toFixed(2)} of the first`)
  expect(warm.took).toBeLessThan(earlier.took * 0.6)
  const cold = await built(other, FLASK)
  expect(cold.text).not.toContain('is unchanged')
  const [ours, theirs] = [await filesOf(one, warm.image), await filesOf(other, cold.image)]
  expect(theirs).toEqual(ours)

  // What only the build needed is not there; and nothing is compiled anew whenever the app starts.
  const paths = ours.join('\n')
  expect(paths).not.toMatch(/site-packages\/(pip|uv|setuptools)\b|\.whl/)
  expect(paths).toContain('site-packages/flask/__pycache__/app.cpython-3')
  // It has no Procfile here.
  expect(warm.image.processTypes).toEqual({ web: 'gunicorn app:app' })
  expect(await answer(await run(one, warm.image), '/healthz')).toBe('ok\n')
})

test('a Python that the stack has not, and that cannot be fetched: those that there are, and why', {
  timeout: 120_000,
}, async (context) => {
  await onlyWithRegistry(context, 'pypi')
  const { env, ca } = packageRegistries()
  // Nobody listens there.
  const mirror = { UV_PYTHON_INSTALL_MIRROR: 'http://127.0.0.1:9/python', UV_HTTP_RETRIES: '0' }
  const w = await world(context, {
    builds: { concurrency: 1, timeoutMs: 120_000, env: { ...env, ...mirror }, ...(ca && { ca }) },
  })
  const { message } = failureOf(await w.build(await w.plan({ 'requirements.txt': '', '.python-version': '3.9\n' })))
  expect(message).toMatch(/^The python buildpack failed: a server cannot be reached/)
  expect(message).toMatch(/\.python-version asks for Python 3\.9; the stack has: 3\.\d+\.\d+ /)
})
