import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { inSlug, python } from './pythonSlug.ts'
import { onlyWithRegistry } from './registry.ts'
import { failureOf, imageOf, world } from './world.ts'

const EXAMPLE = join(import.meta.dirname, '../../examples/django')
const FILES = ['manage.py', 'requirements.txt', 'mysite/static/style.css', 'mysite/templates/index.html']
const MODULES = ['__init__', 'settings', 'urls', 'wsgi'].map((name) => `mysite/${name}.py`)
const SITE: Record<string, string> = Object.fromEntries(
  [...FILES, ...MODULES].map((name) => [name, readFileSync(join(EXAMPLE, name), 'utf8')]),
)

function withSettings(from: string, to: string): Record<string, string> {
  const text = SITE['mysite/settings.py'] ?? ''
  expect(text).toContain(from)
  return { ...SITE, 'mysite/settings.py': text.replace(from, to) }
}

python(
  'collectstatic: done, off, nothing to collect, nowhere to put it, failing; and a site without a Procfile is started',
  {
    timeout: 240_000,
  },
  async (context) => {
    await onlyWithRegistry(context, 'pypi')
    const w = await world({ builds: { concurrency: 1, timeoutMs: 120_000, env: {} } })
    const built = async (tree: Record<string, string>, env: Record<string, string> = {}) => {
      const plan = await w.plan(tree, { settings: { env } })
      return { end: await w.build(plan), text: await w.log(plan) }
    }
    const broken = withSettings('os.environ.get("SECRET_KEY", "only-an-example")', 'os.environ["SECRET_KEY"]')
    const { message } = failureOf((await built(broken)).end)
    expect(message).toMatch(/KeyError: 'SECRET_KEY'[\s\S]*manage\.py collectstatic failed[\s\S]*DISABLE_COLLECTSTATIC: "1"/)

    const off = await built(broken, { DISABLE_COLLECTSTATIC: '1' })
    expect(off.text).toContain('collectstatic is switched off (DISABLE_COLLECTSTATIC).')
    expect(imageOf(off.end).processTypes).toEqual({ web: 'gunicorn mysite.wsgi' })

    const given = await built(broken, { SECRET_KEY: 'for the build' })
    const { ref } = imageOf(given.end)
    expect(given.text).toMatch(/1 static file copied to '.*\/staticfiles'/)
    expect(existsSync(join(ref, 'staticfiles/staticfiles.json'))).toBe(true)
    // Nothing that the build happened to import is left compiled in the app.
    expect(inSlug(ref, 'find mysite -name "*.pyc"')).toBe('')

    const bare = await built(withSettings('INSTALLED_APPS = ["django.contrib.staticfiles"]', 'INSTALLED_APPS = []'))
    expect(bare.text).toContain('django.contrib.staticfiles is not among INSTALLED_APPS: there is nothing to collect.')
    imageOf(bare.end)

    const nowhere = await built(withSettings('STATIC_ROOT =', 'SOME_ROOT ='))
    expect(nowhere.text).toContain(' !     The settings have no STATIC_ROOT: static files are not collected')
    imageOf(nowhere.end)
  },
)
