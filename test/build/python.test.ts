import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, vi } from 'vitest'
import type { Tree } from '../support/dirsource.ts'
import { HAVE, inSlug, python } from './pythonSlug.ts'
import { onlyWithRegistry } from './registry.ts'
import { BUILDPACKS, failureOf, imageOf, world } from './world.ts'

// Each of them installs something.
vi.setConfig({ testTimeout: 120_000 })

const [major, minor] = (HAVE ?? '').split('.')

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

python(
  'files that requirements.txt names count too; what may change while it stays the same is never taken from the cache',
  async () => {
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
  },
)

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
  const w = await world()
  for (const version of [`${major}.${minor}`, HAVE ?? '', `python-${HAVE}`]) {
    const plan = await w.plan({
      'requirements.txt': '',
      [version.startsWith('p') ? 'runtime.txt' : '.python-version']: `${version}\n`,
    })
    imageOf(await w.build(plan))
    expect(await w.log(plan)).toContain(`Using Python ${HAVE}`)
  }
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

python.each<[string, Tree, string]>([
  ['no Pipfile.lock', { Pipfile: '' }, 'There is a Pipfile and no Pipfile.lock. Make one (pipenv lock) and commit it.'],
  [
    'no poetry.lock',
    { 'pyproject.toml': '[tool.poetry]\npackage-mode = false\n[tool.poetry.dependencies]\nflask = "*"\n' },
    "pyproject.toml is Poetry's, and there is no poetry.lock. Make one (poetry lock) and commit it.",
  ],
  [
    'two lock files',
    { 'pyproject.toml': '', 'uv.lock': '', 'poetry.lock': '' },
    'There are lock files of several tools: uv.lock, poetry.lock.',
  ],
  ['a lock file alone', { 'uv.lock': '' }, 'There is a uv.lock and no pyproject.toml that it belongs to. Commit both.'],
  ['no TOML', { 'pyproject.toml': '[project\n' }, 'pyproject.toml is not valid TOML: '],
  ['no JSON', { Pipfile: '', 'Pipfile.lock': '{' }, 'Pipfile.lock is not valid JSON: '],
  [
    'no version of a tool',
    { 'pyproject.toml': '[project]\nname = "a"\nversion = "1"\n', 'uv.lock': '' },
    '"../0" is no version of uv.',
  ],
  ['a .heroku/python in git', { 'requirements.txt': '', '.heroku/python/x': '' }, '.heroku/python is in the repository'],
])('%s is a clear error', async (_, tree, why) => {
  const w = await world()
  const plan = await w.plan(tree, { settings: { env: { UV_VERSION: '../0' } } })
  expect(failureOf(await w.build(plan))).toMatchObject({ code: 'BuildFailed', message: expect.stringContaining(why) })
})

python.each([
  [
    'requires-python',
    '[project]\nname = "a"\nversion = "1"\nrequires-python = "<3"\n',
    'requires-python in pyproject.toml asks for Python <3; this machine has: ',
  ],
  [
    'requires-python',
    '[project]\nname = "a"\nversion = "1"\nrequires-python = "three"\n',
    'requires-python in pyproject.toml asks for Python "three", of which "three" cannot be understood.',
  ],
  [
    'Poetry’s python',
    '[tool.poetry.dependencies]\npython = "^2.7"\n',
    'tool.poetry.dependencies in pyproject.toml asks for Python ^2.7; this machine has: ',
  ],
])('%s that nothing here satisfies is a clear error', async (_, toml, why) => {
  const w = await world()
  const plan = await w.plan({ 'requirements.txt': '', 'pyproject.toml': toml })
  const { message } = failureOf(await w.build(plan))
  expect(message).toContain(why)
  if (why.endsWith('has: ')) expect(message).toContain(HAVE)
})

python('ranges mean what PEP 440 and Poetry say they mean', () => {
  const cases: Array<[version: string, range: string, fits: boolean]> = [
    ['3.11.2', '>=3.9', true],
    ['3.11.2', '>=3.9,<3.11', false],
    ['3.11.2', '>= 3.9, < 4', true],
    ['3.11.2', '~=3.9', true],
    ['3.11.2', '~=3.11.3', false],
    ['3.12.0', '~=3.11.0', false],
    ['3.11.2', '==3.11.*', true],
    ['3.11.2', '!=3.11.*', false],
    ['3.11.2', '==3.11', false],
    ['3.11.0', '==3.11', true],
    ['3.11.2', '>3.11', true],
    ['3.11.2', '<=3.11', false],
    ['3.11.2', '!=3.11.2', false],
    ['3.13.0', '<3.14.0a1', true],
    ['3.11.2', '^3.9', true],
    ['4.0.0', '^3.9', false],
    ['3.11.2', '~3.10', false],
    ['3.11.2', '^2.7 || ^3.10', true],
    ['3.11.2', '3.11', true],
    ['3.11.2', '3.1', false],
    ['3.11.2', '*', true],
  ]
  const program =
    'import sys, json; sys.path.insert(0, sys.argv[1]); from ranges import satisfies; print(json.dumps([satisfies(*one[:2]) for one in json.loads(sys.argv[2])]))'
  const lib = join(BUILDPACKS, 'python/lib')
  const said = execFileSync('python3', ['-Bc', program, lib, JSON.stringify(cases)], { encoding: 'utf8', cwd: '/' })
  expect(JSON.parse(said)).toEqual(cases.map(([, , fits]) => fits))
})
