import { expect, test } from 'vitest'
import { mergeDeclared, parseRelease } from '../../src/build/declared.ts'

test('process types and config vars are read, addons are not', () => {
  const text =
    '--- \naddons:\n  - shared-database\nconfig_vars:\n  RACK_ENV: production\n  PORTS: 80\nversions: {ruby: 3.1.2, node: 20.10.0}\ndefault_process_types:\n  web: bin/web -p $PORT\nproposed_process_types: {worker: bin/jobs}\n'
  expect(parseRelease(text, 'own')).toEqual({
    processTypes: { web: 'bin/web -p $PORT' },
    configVars: { RACK_ENV: 'production', PORTS: '80' },
    versions: { ruby: '3.1.2', node: '20.10.0' },
    proposed: { worker: 'bin/jobs' },
  })
})

test.each(['', '---', '--- {}', 'null', '# nothing', 'addons: []'])('%j declares nothing', (text) => {
  expect(parseRelease(text, 'own')).toEqual({ processTypes: {}, configVars: {}, versions: {}, proposed: {} })
})

test('a later pack wins, name by name', () => {
  const merged = mergeDeclared([
    { processTypes: { web: 'one', worker: 'one' }, configVars: { A: '1' }, versions: { node: '18' }, proposed: { web: 'a' } },
    { processTypes: { web: 'two' }, configVars: { B: '2' }, versions: { python: '3' }, proposed: { web: 'b' } },
  ])
  expect(merged).toEqual({
    processTypes: { web: 'two', worker: 'one' },
    configVars: { A: '1', B: '2' },
    versions: { node: '18', python: '3' },
    proposed: { web: 'b' },
  })
})

const bomb = `a: &a [x,x,x,x,x,x,x,x,x]\n${'bcdefgh'
  .split('')
  .map((name, at) => `${name}: &${name} [${`*${'abcdefgh'[at]},`.repeat(9).slice(0, -1)}]`)
  .join('\n')}\n`

test.each([
  ['a list', '- web'],
  ['plain text', 'web'],
  ['broken YAML', 'a: [1, 2'],
  ['an alias bomb', bomb],
  ['an alias', 'config_vars: {A: &x one, B: *x}'],
  ['nesting without end', '['.repeat(60_000)],
  ['too much', `config_vars: {A: "${'x'.repeat(70_000)}"}`],
  ['a process name that is a path', 'default_process_types: {"../x": run}'],
  ['__proto__', 'default_process_types: {__proto__: run}'],
  ['a nested value', 'default_process_types: {web: {run: x}}'],
  ['an empty command', 'default_process_types: {web: ""}'],
  ['a variable name with =', 'config_vars: {"A=B": c}'],
  ['a NUL', 'config_vars: {A: "x\\0y"}'],
  ['the same key twice', 'default_process_types: {web: a, web: b}'],
])('%s is refused as BuildFailed, by name', (_, text) => {
  expect(() => parseRelease(text, './packs/evil')).toThrowError(
    expect.objectContaining({
      code: 'BuildFailed',
      retry: false,
      message: expect.stringContaining('bin/release of ./packs/evil'),
    }),
  )
})
