import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, type TestContext, test } from 'vitest'
import type { Image } from '../../../src/domain.ts'
import type { Tree } from '../../support/dirsource.ts'
import { packageRegistries } from '../../support/registries.ts'
import { onlyWithRegistry } from '../registry.ts'
import { failureOf, imageOf } from '../world.ts'
import { answer, run } from './run.ts'
import { type World, world } from './world.ts'

const EXAMPLE = join(import.meta.dirname, '../../../examples/django')
const FILES = ['manage.py', 'Procfile', 'requirements.txt', 'mysite/static/style.css', 'mysite/templates/index.html']
const MODULES = ['__init__', 'settings', 'urls', 'wsgi'].map((name) => `mysite/${name}.py`)
const SITE: Record<string, string> = Object.fromEntries(
  [...FILES, ...MODULES].map((name) => [name, readFileSync(join(EXAMPLE, name), 'utf8')]),
)

async function worldWithPypi(context: TestContext): Promise<World> {
  const { env, ca } = packageRegistries()
  return world(context, { builds: { concurrency: 1, timeoutMs: 120_000, env, ...(ca && { ca }) } })
}

async function built(w: World, tree: Tree, env: Record<string, string> = {}) {
  const plan = await w.plan(tree, { settings: { env } })
  const began = performance.now()
  const end = await w.build(plan)
  return { end, took: performance.now() - began, text: await w.log(plan) }
}

/** Every file of the app: what kind it is, its mode, its path, where it leads to, a hash of what is in it. */
async function filesOf(w: World, image: Image): Promise<string[]> {
  const list = 'cd /app && find . -printf "%y %m %p %l\\n" | sort && find . -type f -print0 | sort -z | xargs -0 sha256sum'
  const ran = await run(w, image, ['-c', list])
  expect(await ran.exit).toBe(0)
  return ran.output().split('\n')
}

test('a Django site: built from nothing twice and once from the cache, every file is the same', { timeout: 240_000 }, async (context) => {
  await onlyWithRegistry(context, 'pypi')
  const [one, other] = [await worldWithPypi(context), await worldWithPypi(context)]
  const earlier = await built(one, { ...SITE, 'mysite/urls.py': `${SITE['mysite/urls.py']}# earlier\n` })
  expect(earlier.text).toContain('-----> Running manage.py collectstatic\n')
  imageOf(earlier.end)
  const warm = await built(one, SITE)
  const image = imageOf(warm.end)
  expect(warm.text).toContain('requirements.txt is unchanged: using what the last build installed')
  console.log(`python, second build in a container: ${(warm.took / earlier.took).toFixed(2)} of the first`)
  expect(warm.took).toBeLessThan(earlier.took * 0.6)

  const cold = imageOf((await built(other, SITE)).end)
  const [ours, theirs] = [await filesOf(one, image), await filesOf(other, cold)]
  expect(ours.filter((line) => !theirs.includes(line))).toEqual([])
  expect(theirs).toEqual(ours)
  // What only the build needed is not there; and nothing is compiled anew whenever the app starts.
  const paths = ours.join('\n')
  expect(paths).not.toMatch(/site-packages\/(pip|uv|setuptools)\/|\/pip\/cache|\.whl/)
  expect(paths).toContain('site-packages/django/http/__pycache__/response.cpython-311.pyc')

  const site = await run(one, image, [], { RELEASE_VERSION: 'v7' })
  const page = await answer(site)
  expect(page).toContain('Hello from Django, v7')
  const style = /href="(\/static\/style\.[0-9a-f]+\.css)"/.exec(page)?.[1] ?? ''
  expect(await answer(site, style)).toBe(SITE['mysite/static/style.css'])
})

test('collectstatic: off, nothing to collect, nowhere to put it, failing; and what starts a site without a Procfile', {
  timeout: 240_000,
}, async (context) => {
  await onlyWithRegistry(context, 'pypi')
  const w = await worldWithPypi(context)
  const { Procfile: _, ...site } = SITE
  const settings = (from: string, to: string): Tree => {
    const text = SITE['mysite/settings.py'] ?? ''
    expect(text).toContain(from)
    return { ...site, 'mysite/settings.py': text.replace(from, to) }
  }
  const bare = await built(w, settings('INSTALLED_APPS = ["django.contrib.staticfiles"]', 'INSTALLED_APPS = []'))
  expect(bare.text).toContain('django.contrib.staticfiles is not among INSTALLED_APPS: there is nothing to collect.')
  expect(imageOf(bare.end).processTypes).toEqual({ web: 'gunicorn mysite.wsgi' })
  expect(bare.text).toContain('-----> Django without a Procfile\n       It is started with: gunicorn mysite.wsgi\n')

  const nowhere = await built(w, settings('STATIC_ROOT =', 'SOME_ROOT ='))
  expect(nowhere.text).toContain(' !     The settings have no STATIC_ROOT: static files are not collected')
  imageOf(nowhere.end)

  const broken = settings('os.environ.get("SECRET_KEY", "only-an-example")', 'os.environ["SECRET_KEY"]')
  const { message } = failureOf((await built(w, broken)).end)
  expect(message).toMatch(/KeyError: 'SECRET_KEY'[\s\S]*manage\.py collectstatic failed[\s\S]*DISABLE_COLLECTSTATIC: "1"/)
  const off = await built(w, broken, { DISABLE_COLLECTSTATIC: '1' })
  expect(off.text).toContain('collectstatic is switched off (DISABLE_COLLECTSTATIC).')
  imageOf(off.end)
  const given = await built(w, broken, { SECRET_KEY: 'for the build' })
  expect(given.text).toMatch(/1 static file copied to '\/app\/staticfiles'/)
})
