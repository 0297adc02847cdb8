import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { packageRegistries } from '../support/registries.ts'
import { packageIndex } from './pythonIndex.ts'
import { HAVE, inSlug, python } from './pythonSlug.ts'
import { onlyWithRegistry } from './registry.ts'
import { failureOf, imageOf, world } from './world.ts'

/** The tools come from PyPI, by way of an index that has two packages of its own. No lock file names its address. */
async function worldOfTools() {
  const pypi = packageRegistries().env.PIP_INDEX_URL ?? 'https://pypi.org/simple'
  const index = await packageIndex(['sprocket==1.0', 'gadget==1.0'], pypi)
  const w = await world({ builds: { concurrency: 1, timeoutMs: 240_000, env: index.env } })
  return {
    index,
    async ends(tree: Record<string, string>) {
      const plan = await w.plan(tree)
      const began = performance.now()
      return { end: await w.build(plan), took: performance.now() - began, text: await w.log(plan) }
    },
  }
}

/** Builds it, builds it again from what was kept, and then with another version asked for than is locked. */
async function thrice(tool: string, files: (sha256: string) => Record<string, string>, manifest: string) {
  const { index, ends } = await worldOfTools()
  const tree = files(index.sha256('sprocket', '1.0'))
  const lock = Object.keys(tree).find((name) => name.endsWith('lock')) ?? ''
  const first = await ends(tree)
  const { ref, materials } = imageOf(first.end)
  expect(materials?.versions).toMatchObject({ python: HAVE, [tool]: expect.stringMatching(/^\d/) })
  expect(first.text).toContain(`-----> Installing dependencies of ${lock} with ${tool}\n`)
  expect(inSlug(ref, 'sprocket')).toBe('sprocket 1.0')
  const [lib = ''] = readdirSync(join(ref, '.heroku/python/lib'))
  const packages = readdirSync(join(ref, '.heroku/python/lib', lib, 'site-packages'))
  expect(packages.filter((name) => !name.startsWith('_')).sort()).toEqual(['sprocket-1.0.dist-info', 'sprocket.py'])
  expect(readdirSync(ref).sort()).toEqual(['.heroku', '.profile.d', ...Object.keys(tree)].sort())

  const second = await ends({ ...tree, 'app.py': '' })
  const again = imageOf(second.end)
  expect(inSlug(again.ref, 'sprocket')).toBe('sprocket 1.0')
  expect(again.materials?.versions).toEqual(materials?.versions)
  expect(second.text).toContain(`${lock} is unchanged: using what the last build installed`)
  console.log(`${tool}, second build: ${(second.took / first.took).toFixed(2)} of the first`)
  expect(second.took).toBeLessThan(first.took * 0.6)

  const stale = await ends({ ...tree, [manifest]: (tree[manifest] ?? '').replace('==1.0', '==2.0') })
  expect(failureOf(stale.end).message).toContain(
    `${lock} does not fit what it was made from any more. Run ${tool} lock and commit`,
  )
}

const project = (more: string) =>
  `[project]\nname = "shop"\nversion = "1.0"\nrequires-python = ">=3.8"\ndependencies = ["sprocket (==1.0)"]\n\n[dependency-groups]\ndev = ["gadget"]\n${more}`

python('poetry.lock', { timeout: 300_000 }, async (context) => {
  await onlyWithRegistry(context, 'pypi')
  const files = (sha256: string) => ({
    'pyproject.toml': project('\n[tool.poetry]\npackage-mode = false\n'),
    'poetry.lock': `${lockedByPoetry('sprocket', 'main', sha256)}${lockedByPoetry('gadget', 'dev', '0'.repeat(64))}
[metadata]
lock-version = "2.1"
python-versions = ">=3.8"
content-hash = "8ca6a783595c31277ecc6fafbb7aae7832811b8a4077e6d7676f6685cf3b7cfe"
`,
  })
  await thrice('poetry', files, 'pyproject.toml')
})

const lockedByPoetry = (name: string, group: string, sha256: string) => `
[[package]]
name = "${name}"
version = "1.0"
description = ""
optional = false
python-versions = "*"
groups = ["${group}"]
files = [
    {file = "${name}-1.0-py3-none-any.whl", hash = "sha256:${sha256}"},
]
`

python('Pipfile.lock', { timeout: 300_000 }, async (context) => {
  await onlyWithRegistry(context, 'pypi')
  const source = { name: 'pypi', url: 'https://pypi.org/simple', verify_ssl: true }
  const hash = { sha256: '1de09600f8d6808dd0cc281c54d558cd73a8290a57a464b9e3a44bf2f01f672f' }
  const files = (sha256: string) => ({
    Pipfile:
      '[[source]]\nurl = "https://pypi.org/simple"\nverify_ssl = true\nname = "pypi"\n\n[packages]\nsprocket = "==1.0"\n\n[dev-packages]\ngadget = "*"\n',
    'Pipfile.lock': JSON.stringify({
      _meta: { hash, 'pipfile-spec': 6, requires: {}, sources: [source] },
      default: { sprocket: { hashes: [`sha256:${sha256}`], index: 'pypi', version: '==1.0' } },
      develop: { gadget: { hashes: [`sha256:${'0'.repeat(64)}`], index: 'pypi', version: '==1.0' } },
    }),
  })
  await thrice('pipenv', files, 'Pipfile')
})

python('uv.lock, from an index of the operator’s', { timeout: 300_000 }, async (context) => {
  await onlyWithRegistry(context, 'pypi')
  const files = (sha256: string) => ({
    'pyproject.toml': project(''),
    'uv.lock': `version = 1
revision = 3
requires-python = ">=3.8"
${lockedByUv('gadget', '0'.repeat(64))}
[[package]]
name = "shop"
version = "1.0"
source = { virtual = "." }
dependencies = [
    { name = "sprocket" },
]

[package.dev-dependencies]
dev = [
    { name = "gadget" },
]

[package.metadata]
requires-dist = [{ name = "sprocket", specifier = "==1.0" }]

[package.metadata.requires-dev]
dev = [{ name = "gadget" }]
${lockedByUv('sprocket', sha256)}`,
  })
  await thrice('uv', files, 'pyproject.toml')
})

/** With an address that has nothing. */
const lockedByUv = (name: string, sha256: string) => `
[[package]]
name = "${name}"
version = "1.0"
source = { registry = "https://pypi.org/simple" }
wheels = [
    { url = "https://files.pythonhosted.org/packages/none/${name}-1.0-py3-none-any.whl", hash = "sha256:${sha256}" },
]
`

python('uv.lock, from where it says, with the app as a package of its own', { timeout: 300_000 }, async (context) => {
  await onlyWithRegistry(context, 'pypi')
  const { env, ca } = packageRegistries()
  const w = await world({ builds: { concurrency: 1, timeoutMs: 240_000, env, ...(ca && { ca }) } })
  const tree = {
    'pyproject.toml':
      '[project]\nname = "shop"\nversion = "1.0"\nrequires-python = ">=3.9"\ndependencies = ["itsdangerous==2.2.0"]\n[project.scripts]\nshop = "shop:main"\n[build-system]\nrequires = ["setuptools"]\nbuild-backend = "setuptools.build_meta"\n',
    'shop.py': 'import itsdangerous\ndef main():\n    print(itsdangerous.__name__)\n',
    'uv.lock': `version = 1
revision = 3
requires-python = ">=3.9"

[[package]]
name = "itsdangerous"
version = "2.2.0"
source = { registry = "https://pypi.org/simple" }
wheels = [
    { url = "https://files.pythonhosted.org/packages/04/96/92447566d16df59b2a776c0fb82dbc4d9e07cd95062562af01e408583fc4/itsdangerous-2.2.0-py3-none-any.whl", hash = "sha256:c6242fc49e35958c8b15141343aa660db5fc54d4f13a1db01a3f5891b98700ef" },
]

[[package]]
name = "shop"
version = "1.0"
source = { editable = "." }
dependencies = [
    { name = "itsdangerous" },
]

[package.metadata]
requires-dist = [{ name = "itsdangerous", specifier = "==2.2.0" }]
`,
  }
  const { ref } = imageOf(await w.build(await w.plan(tree)))
  expect(inSlug(ref, 'shop')).toBe('itsdangerous')
  // What building a package of it makes beside it is no part of it.
  expect(readdirSync(ref).filter((name) => /build$|egg-info/.test(name))).toEqual([])
})
