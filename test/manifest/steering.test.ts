/** `suspend`, `paths`, `dependsOn` and `deploy`: what is read, and what is refused in which words. */
import { expect, it } from 'vitest'
import { parseManifest } from '../../src/manifest/manifest.ts'
import { problemsOf } from './problems.ts'

it('reads them, sorted where they are a set, and without what says nothing', () => {
  const read = (appYaml: string) => {
    const { build: _, env: __, processes: ___, ...rest } = parseManifest({ appYaml, procfile: null })
    return rest
  }
  expect(
    read(
      'suspend: true\npaths: ["services/shop/**", "!**/*.md"]\ndependsOn: [db, auth]\ndeploy: {window: "Mon-Fri 09:00-17:00", timezone: Europe/Paris}\n',
    ),
  ).toEqual({
    suspend: true,
    paths: ['services/shop/**', '!**/*.md'],
    dependsOn: ['auth', 'db'],
    deploy: { window: 'Mon-Fri 09:00-17:00', timezone: 'Europe/Paris' },
  })
  expect(read('suspend: false\ndependsOn: []\ndeploy: {window: "22:00-04:00"}\n')).toEqual({ deploy: { window: '22:00-04:00' } })
})

const WINDOWS =
  'expected windows such as "Mon-Fri 09:00-17:00" or "Mon,Wed 10:00-12:00, Sat-Sun 22:00-04:00" (days: Mon to Sun, none: every day)'
const PATH = 'expected a pattern of paths from the root of the repository, such as "services/shop/**" or "!**/*.md"'
const NAME = 'expected a name of lower-case letters, digits and -, beginning with a letter, at most 40 long'

it.each([
  ['suspend: "yes"', '1:1 suspend: expected true or false, got "yes"'],
  ['paths: services/**', '1:1 paths: expected a list of patterns such as ["services/shop/**", "!**/*.md"], got "services/**"'],
  ['paths: []', '1:1 paths: expected at least one pattern; leave the key out to have every commit deployed, got a list'],
  ['paths: [a, /b]', `1:12 paths[1]: ${PATH}, got "/b"`],
  ['paths: [../x]', `1:9 paths[0]: ${PATH}, got "../x"`],
  ['paths: ["a[b"]', `1:9 paths[0]: ${PATH}, got "a[b"`],
  ['paths: [3]', `1:9 paths[0]: ${PATH}, got 3`],
  ['dependsOn: auth', '1:1 dependsOn: expected a list of apps such as [auth], got "auth"'],
  ['dependsOn: [Auth]', `1:13 dependsOn[0]: ${NAME}, got "Auth"`],
  ['dependsOn: [auth, auth]', '1:19 dependsOn[1]: is named twice'],
  [
    'deploy: "09:00-17:00"',
    '1:1 deploy: expected a mapping such as {window: "Mon-Fri 09:00-17:00", timezone: Europe/Paris}, got "09:00-17:00"',
  ],
  ['deploy: {timezone: UTC}', `1:1 deploy.window: ${WINDOWS}, but it is missing`],
  ['deploy: {window: weekdays}', `1:10 deploy.window: ${WINDOWS}, got "weekdays"`],
  [
    'deploy: {window: "09:00-17:00", timezone: Paris}',
    '1:33 deploy.timezone: expected a time zone such as Europe/Paris, got "Paris"',
  ],
  ['deploy: {windows: "09:00-17:00"}', `1:1 deploy.window: ${WINDOWS}, but it is missing`],
])('%s', (text, problem) => {
  expect(problemsOf(text)).toContain(`app.yaml:${problem}`)
})
