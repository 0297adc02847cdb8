import { watch } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'vitest'
import type { Tree } from '../support/dirsource.ts'
import { packageIndex } from './pythonIndex.ts'
import { HAVE, inSlug, python } from './pythonSlug.ts'
import { failureOf, imageOf, world } from './world.ts'

/** A world whose builds know of these packages and no others. */
async function worldWith(...packages: string[]) {
  const index = await packageIndex(packages)
  const w = await world({ builds: { concurrency: 1, timeoutMs: 60_000, env: index.env } })
  return {
    ...w,
    index,
    async ends(tree: Tree, env: Record<string, string> = {}, app = 'shop') {
      const plan = await w.plan(tree, { app, settings: { env } })
      const began = performance.now()
      const end = await w.build(plan)
      return { end, text: await w.log(plan), took: performance.now() - began }
    },
  }
}

python(
  'installed from the index; with it gone, from what the first build kept; without that, one line says why not',
  { timeout: 120_000 },
  async () => {
    const { ends, index, builder } = await worldWith('sprocket==1.0', 'sprocket==2.0')
    const tree = { 'requirements.txt': 'sprocket==1.0\n', Procfile: 'web: sprocket\n' }
    const first = await ends(tree)
    const image = imageOf(first.end)
    expect(inSlug(image.ref, 'sprocket')).toBe('sprocket 1.0')
    expect(await readFile(join(image.ref, '.heroku/python/bin/sprocket'), 'utf8')).toContain(
      `#!${image.ref}/.heroku/python/bin/python`,
    )
    expect((await builder.find(image.key))?.key).toBe(image.key)

    await index.close()
    const second = await ends({ ...tree, 'app.py': '# changed\n' })
    const { ref } = imageOf(second.end)
    expect(second.text).toContain('requirements.txt is unchanged: using what the last build installed')
    expect(inSlug(ref, 'sprocket')).toBe('sprocket 1.0')
    expect(await readFile(join(ref, '.heroku/python/bin/sprocket'), 'utf8')).toContain(`#!${ref}/`)
    console.log(`python, second build: ${(second.took / first.took).toFixed(2)} of the first`)
    expect(second.took).toBeLessThan(first.took * 0.7)

    const fresh = await ends({ ...tree, 'app.py': '# fresh\n' }, {}, 'another')
    expect(failureOf(fresh.end).message).toMatch(
      /^The python buildpack failed: a server cannot be reached: the connection was refused/,
    )
    const changed = await ends({ ...tree, 'requirements.txt': 'sprocket==2.0\n' })
    expect(failureOf(changed.end).message).toContain('a server cannot be reached')
  },
)

python('a version that the index does not have is named', { timeout: 120_000 }, async () => {
  const { ends } = await worldWith('sprocket==1.0')
  const { end } = await ends({ 'requirements.txt': 'sprocket==9.9\n' })
  expect(failureOf(end).message).toMatch(/^The python buildpack failed: the registry has no sprocket==9\.9\./)
})

python(
  'pyproject.toml without a build system: its dependencies, with a word on the lock file',
  { timeout: 120_000 },
  async () => {
    const { ends } = await worldWith('sprocket==1.0')
    const toml = '[project]\nname = "ours"\nversion = "1"\nrequires-python = ">=3.8"\ndependencies = ["sprocket<2"]\n'
    const { end, text } = await ends({ 'pyproject.toml': toml, 'one/a.py': '', 'two/b.py': '' })
    expect(inSlug(imageOf(end).ref, 'sprocket')).toBe('sprocket 1.0')
    expect(text).toContain(
      ' !     There is no lock file: the next build may install other versions. Commit one (uv lock makes it).',
    )
    expect(text).toContain(
      `-----> Using Python ${HAVE} of this machine\n       asked for: >=3.8 (requires-python in pyproject.toml)\n`,
    )
  },
)

python('scripts of the app’s own before and after', { timeout: 120_000 }, async () => {
  const { ends } = await worldWith('sprocket==1.0')
  const { end } = await ends(
    {
      'requirements.txt': '# written by the first\n',
      'bin/pre_compile': { text: '#!/bin/sh\necho "sprocket==$WHICH" > requirements.txt\n' },
      'bin/post_compile': { text: '#!/bin/sh\nsprocket > said\n' },
    },
    { WHICH: '1.0' },
  )
  expect(await readFile(join(imageOf(end).ref, 'said'), 'utf8')).toBe('sprocket 1.0\n')
  const failing = await ends({ 'requirements.txt': '', 'bin/post_compile': { text: '#!/bin/sh\necho no; exit 3\n' } })
  expect(failureOf(failing.end).message).toContain('-----> Running bin/post_compile\n       no')
})

python(
  'an app without a Procfile: started where it is certain with what; else the line that it wants is said',
  { timeout: 120_000 },
  async () => {
    const { ends } = await worldWith('flask==1', 'fastapi==1', 'gunicorn==1', 'uvicorn==1')
    const flask = 'from flask import Flask\napp = Flask(__name__)\n'
    const bare = { 'requirements.txt': 'flask\n' }
    const full = { 'requirements.txt': 'flask\ngunicorn\nfastapi\nuvicorn\n' }
    const web = async (tree: Tree) => {
      const { end, text } = await ends(tree)
      const { processTypes, materials } = imageOf(end)
      return { web: processTypes.web, proposed: materials?.proposed, text }
    }
    const hint = (line: string) =>
      ` !     Nothing says how it is started. Write a Procfile with the line\n !         web: ${line}\n`

    expect((await web({ ...full, 'app.py': flask })).web).toBe('gunicorn app:app')
    expect((await web({ ...full, 'site/__init__.py': flask, 'config.py': 'DEBUG = 1\n' })).web).toBe('gunicorn site:app')
    const api = 'import fastapi\napi: fastapi.FastAPI = fastapi.FastAPI()\n'
    expect((await web({ ...full, 'main.py': api })).web).toBe('uvicorn main:api --host 0.0.0.0 --port $PORT')
    // Two that it could be.
    const two = await web({ ...full, 'app.py': flask, 'other.py': flask })
    expect(two).toMatchObject({ web: undefined, proposed: { web: 'gunicorn app:app' } })
    expect(two.text).toContain(hint('gunicorn app:app'))
    const factory = await web({ ...full, 'shop.py': 'import flask\ndef create_app():\n    return flask.Flask("shop")\n' })
    expect(factory).toMatchObject({ web: undefined, proposed: { web: "gunicorn 'shop:create_app()'" } })
    expect(factory.text).toContain(hint("gunicorn 'shop:create_app()'"))
    const missing = await web({ ...bare, 'app.py': flask })
    expect(missing.web).toBeUndefined()
    expect(missing.text).toContain(
      `${hint('gunicorn app:app')} !     and add gunicorn to what the app requires: it is not installed.\n`,
    )
    // There is one already; and nothing is run or shown for what is no such app.
    expect((await web({ ...full, 'app.py': flask, Procfile: 'worker: python app.py\n' })).text).not.toContain(
      'without a Procfile',
    )
    expect((await web({ ...full, 'app.py': 'print(' })).text).not.toContain('without a Procfile')
  },
)

python(
  'a build that is cut short while it keeps what it installed spoils nothing for the next one',
  { timeout: 120_000 },
  async () => {
    const { ends, plan, builder, build, root } = await worldWith('sprocket==1.0', 'sprocket==2.0')
    imageOf((await ends({ 'requirements.txt': 'sprocket==1.0\n' })).end)
    const later = { 'requirements.txt': 'sprocket==2.0\n' }
    const next = await plan({ ...later, n: '2' })
    const cut = new Promise<Awaited<ReturnType<typeof build>>>((resolve) => {
      const watcher = watch(join(root, 'state/cache/shop/python'), (_, name) => {
        if (name !== 'kept.new') return
        watcher.close()
        // A newer commit ends a build of the app.
        resolve(build(next))
      })
    })
    builder.want('shop', await plan({ ...later, n: '1' }))
    expect(inSlug(imageOf(await cut).ref, 'sprocket')).toBe('sprocket 2.0')
    expect(inSlug(imageOf((await ends({ ...later, n: '3' })).end).ref, 'sprocket')).toBe('sprocket 2.0')
  },
)
