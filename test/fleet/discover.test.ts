import { join } from 'node:path'
import { expect } from 'vitest'
import type { FleetSpec } from '../../src/domain.ts'
import { discover } from '../../src/fleet/discover.ts'
import type { Source } from '../../src/ports.ts'
import { failure, test } from '../source/fixture.ts'
import { type Content, makeRepo } from '../support/repo.ts'

async function found(
  source: Source,
  tmp: string,
  files: Record<string, Content>,
  pattern: string,
  more: Partial<FleetSpec> = {},
) {
  const repo = makeRepo(join(tmp, 'mono.git'), 'prod').write(files)
  const fleet = { repo: repo.dir, discover: pattern, branch: 'prod', ...more }
  const app = { name: 'fleet x', repo: repo.dir, branch: 'prod', path: '' }
  repo.commit()
  const { commit } = await source.look(app)
  return discover(source, fleet, app, commit)
}

const paths = (apps: Array<{ name: string; path: string }>) => apps.map(({ name, path }) => `${name} ${path}`)

test('every match is an app of its folder’s name, at the fleet’s branch, whatever its app.yaml says', async ({ source, tmp }) => {
  const files = {
    'apps/shop/app.yaml': 'name: other\n',
    'apps/blog/app.yaml': 'this is: [no YAML',
    'apps/none/Procfile': 'web: x\n',
    'apps/deep/er/app.yaml': '',
    'apps/app.yaml': '',
    'app.yaml': '',
    'libs/x/app.yaml': '',
    'apps/.hidden/app.yaml': '',
  }
  const apps = await found(source, tmp, files, 'apps/*/app.yaml')
  expect(apps).toEqual([
    { name: 'blog', repo: join(tmp, 'mono.git'), branch: 'prod', path: 'apps/blog' },
    { name: 'shop', repo: join(tmp, 'mono.git'), branch: 'prod', path: 'apps/shop' },
  ])
})

test('patterns may be alternatives, of any depth, or one file; the root’s app has the repository’s name', async ({
  source,
  tmp,
}) => {
  const files = { 'a/one/app.yaml': '', 'b/two/app.yaml': '', 'c/x/y/z/three/app.yaml': '', 'app.yaml': '' }
  const match = async (pattern: string) => paths(await found(source, tmp, files, pattern))
  expect(await match('{a,b}/*/app.yaml')).toEqual(['one a/one', 'two b/two'])
  expect(await match('**/app.yaml')).toEqual(['mono ', 'one a/one', 'two b/two', 'three c/x/y/z/three'])
  expect(await match('b/two/app.yaml')).toEqual(['two b/two'])
  expect(await match('app.yaml')).toEqual(['mono '])
  expect(await match('nowhere/*/app.yaml')).toEqual([])
})

test('a link is no file and leads nowhere', async ({ source, tmp }) => {
  const files = { 'apps/real/app.yaml': '', 'apps/linked': { link: 'real' }, 'apps/file/app.yaml': { link: '../real/app.yaml' } }
  expect(paths(await found(source, tmp, files, 'apps/*/app.yaml'))).toEqual(['real apps/real'])
})

test('folders that cannot be apps, and two of one name, are told all at once', async ({ source, tmp }) => {
  const files = { 'a/My App/app.yaml': '', 'a/shop/app.yaml': '', 'b/shop/app.yaml': '', 'b/UPPER/app.yaml': '' }
  await expect(found(source, tmp, files, '*/*/app.yaml')).rejects.toThrow(
    failure(
      'FleetInvalid',
      "a/My App/app.yaml: the folder's name becomes the app's: expected a name of lower-case letters",
      'got "My App"\n',
      'b/UPPER/app.yaml: ',
      'b/shop/app.yaml: the app "shop" is in a/shop/app.yaml already',
    ),
  )
})

test('what is looked through is bounded, in number and in depth', async ({ source, tmp }) => {
  const many = Object.fromEntries(Array.from({ length: 10_001 }, (_, i) => [`apps/many/${i}`, '']))
  await expect(found(source, tmp, { ...many, 'apps/many/app.yaml': '' }, 'apps/*/app.yaml')).rejects.toThrow(
    failure('FleetInvalid', 'more than 10000 files and folders'),
  )
  const deep = {
    'apps/1/2/3/4/5/here/app.yaml': '',
    'apps/1/2/3/4/5/6/there/app.yaml': '',
    ...Object.fromEntries(Object.keys(many).map((path) => [path, null])),
    'apps/many/app.yaml': null,
  }
  expect(paths(await found(source, tmp, deep, 'apps/**/app.yaml'))).toEqual(['here apps/1/2/3/4/5/here'])
})
