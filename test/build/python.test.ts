import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { onlyWithRegistry } from './registry.ts'
import { failureOf, imageOf, world } from './world.ts'

const HAVE = spawnSync('python3', ['-c', 'import sys; print("%d.%d.%d" % sys.version_info[:3])'], {
  encoding: 'utf8',
  cwd: '/',
}).stdout?.trim()
const [major, minor] = (HAVE ?? '').split('.')

const python = test.skipIf(!HAVE)

/** Runs a command in a slug as a process of the app would be: HOME is the slug, .profile.d is sourced. */
function inSlug(ref: string, command: string): string {
  const script = `for f in "$HOME"/.profile.d/*.sh; do . "$f"; done; ${command}`
  return execFileSync('bash', ['-c', script], { cwd: ref, env: { HOME: ref, PATH: process.env.PATH }, encoding: 'utf8' }).trim()
}

python('a virtual environment that works where the slug lies, and is taken from the cache the next time', async () => {
  const w = await world()
  // A module named as one of Python's own must not get in the way of venv and pip.
  const tree = { 'requirements.txt': '# nothing\n', 'logging.py': 'raise SystemExit(9)' }
  const plans = [await w.plan({ ...tree, n: '1' }), await w.plan({ ...tree, n: '2' })]
  for (const plan of plans) {
    const { ref, processTypes } = imageOf(await w.build(plan))
    expect(processTypes).toEqual({})
    expect(inSlug(ref, 'python -c "import sys; print(sys.prefix)"')).toBe(join(ref, '.heroku/python'))
    expect(
      inSlug(
        ref,
        'echo $PYTHONUNBUFFERED; head -1 .heroku/python/bin/activate.csh; grep -c "slugs/" .heroku/python/bin/activate',
      ),
    ).toContain('1')
    expect(inSlug(ref, `grep -L ${plan.key} .heroku/python/bin/activate`)).toBe('')
  }
  const [first, second] = await Promise.all(plans.map((plan) => w.log(plan)))
  expect(first).toContain(
    `-----> Python app detected\n-----> Using Python ${HAVE} of this machine\n-----> Creating a virtual environment\n`,
  )
  expect(second).toContain('requirements.txt is unchanged: using what the last build installed')
  expect(second).not.toContain('Creating')
})

python('files that requirements.txt names count too; what may change while it stays the same is never taken from the cache', async () => {
  const w = await world()
  const how = async (tree: Record<string, string>) => {
    const plan = await w.plan(tree)
    imageOf(await w.build(plan))
    return (await w.log(plan)).includes('using what the last build installed')
  }
  const tree = { 'requirements.txt': '-r more/base.txt\n', 'more/base.txt': '-c pins.txt\n', 'more/pins.txt': '# nothing\n' }
  expect(await how(tree)).toBe(false)
  expect(await how({ ...tree, n: '1' })).toBe(true)
  expect(await how({ ...tree, 'more/pins.txt': '# something\n' })).toBe(false)
  const local = { ...tree, 'more/base.txt': '--find-links ./wheels\n./ours ; python_version < "3"\n', 'ours/setup.py': '' }
  expect(await how(local)).toBe(false)
  expect(await how({ ...local, n: '2' })).toBe(false)
})

python.each([
  ['.python-version', '2.6\n', `.python-version asks for Python 2.6; this machine has: `],
  ['runtime.txt', 'python-2.6.1\n', `runtime.txt asks for Python 2.6.1; this machine has: `],
  ['.python-version', '# comment\n\n3.x-dev\n', '.python-version asks for Python "3.x-dev"; write a version such as 3.11.'],
  ['.python-version', '$(touch /tmp/evil)\n', 'write a version such as 3.11.'],
])('%s with %j is a clear error', async (file, text, why) => {
  const w = await world()
  const failure = failureOf(await w.build(await w.plan({ 'requirements.txt': '', [file]: text })))
  expect(failure).toMatchObject({ code: 'BuildFailed', message: expect.stringContaining(why) })
  if (why.endsWith('has: ')) expect(failure.message).toContain(HAVE)
})

python('a version that is there is taken, in short or in full', async () => {
  for (const version of [`${major}.${minor}`, HAVE ?? '', `python-${HAVE}`]) {
    const w = await world()
    const plan = await w.plan({
      'requirements.txt': '',
      [version.startsWith('p') ? 'runtime.txt' : '.python-version']: `${version}\n`,
    })
    imageOf(await w.build(plan))
    expect(await w.log(plan)).toContain(`Using Python ${HAVE}`)
  }
})

python('a Pipfile alone, and a .heroku/python in git, are clear errors', async () => {
  const w = await world()
  expect(failureOf(await w.build(await w.plan({ Pipfile: '' }))).message).toContain('There is a Pipfile and no Pipfile.lock. Make one (pipenv lock) and commit it.')
  const own = await w.plan({ 'requirements.txt': '', '.heroku/python/x': '' })
  expect(failureOf(await w.build(own)).message).toContain('.heroku/python is in the repository')
})

python('a requirement that is not to be had fails the build with pip’s own words', async () => {
  const w = await world()
  const plan = await w.plan({ 'requirements.txt': './no-such-folder\n' })
  expect(failureOf(await w.build(plan)).message).toMatch(/bin\/compile exited with 1[\s\S]*no-such-folder/)
})

python('pyproject.toml alone: the project itself is installed', async (context) => {
  await onlyWithRegistry(context, 'pypi')
  const w = await world()
  const toml =
    '[build-system]\nrequires = ["setuptools"]\nbuild-backend = "setuptools.build_meta"\n[project]\nname = "ours"\nversion = "1.0"\n[project.scripts]\nours = "ours:main"\n'
  const plan = await w.plan({ 'pyproject.toml': toml, 'ours.py': 'def main():\n    print("ours")\n' })
  const { ref } = imageOf(await w.build(plan))
  expect(inSlug(ref, 'ours')).toBe('ours')
  expect(existsSync(join(ref, '.heroku/python/bin/ours'))).toBe(true)
})
