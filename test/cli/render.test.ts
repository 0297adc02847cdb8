import { expect, describe as group, it } from 'vitest'
import { describe } from '../../src/cli/render/event.ts'
import { coloured, paintFor, plain } from '../../src/cli/render/paint.ts'
import { renderRelease } from '../../src/cli/render/releases.ts'
import { renderStatus } from '../../src/cli/render/status.ts'
import { table } from '../../src/cli/render/table.ts'
import { ago, spoken } from '../../src/cli/render/time.ts'
import type { ReleaseView } from '../../src/http/wire.ts'
import { printable } from '../../src/text.ts'
import { event, failed, live } from '../support/memory-control.ts'

group('text from elsewhere', () => {
  it('cannot leave its cell', () => {
    const status = { ...live, app: 'a\n\u001b[2Jb', urls: ['http://x\u0007'] }
    // biome-ignore lint/suspicious/noControlCharactersInRegex: none of them is expected
    expect(renderStatus([status], 0)).not.toMatch(/[\u0000-\u0009\u000b-\u001f]/)
    expect(renderStatus([status], 0).split('\n')).toHaveLength(2)
  })
})

group('time', () => {
  it.each([
    [0, '0ms'],
    [850, '850ms'],
    [1234, '1.2s'],
    [59_949, '59.9s'],
    [59_951, '1m 0s'],
    [184_000, '3m 4s'],
    [3_599_600, '1h 0m'],
    [7_500_000, '2h 5m'],
  ])('of %i ms is %s', (ms, text) => expect(spoken(ms)).toBe(text))

  it.each([
    [0, 'just now'],
    [42_000, '42s ago'],
    [180_000, '3m ago'],
    [5 * 3_600_000, '5h ago'],
    [12 * 86_400_000, '12d ago'],
    [-5000, 'just now'],
  ])('since %i ms is %s', (ms, text) => expect(ago(1_000_000_000_000, 1_000_000_000_000 + ms)).toBe(text))

  it('that is none is a dash', () => expect(ago('never', 0)).toBe('-'))
})

group('colours', () => {
  it('are for terminals that want them', () => {
    expect(paintFor(true, { TERM: 'xterm' })).toBe(coloured)
    expect(paintFor(true, { TERM: 'xterm', NO_COLOR: '' })).toBe(coloured)
    expect(paintFor(false, { TERM: 'xterm' })).toBe(plain)
    expect(paintFor(true, { TERM: 'xterm', NO_COLOR: '1' })).toBe(plain)
    expect(paintFor(true, { TERM: 'dumb' })).toBe(plain)
  })

  it('do not move columns', () => {
    const rows = (style: (text: string) => string) => [
      ['a', { text: 'Live', style }, 'x'],
      ['bcd', { text: 'é🙂', style }, 'y'],
    ]
    const bare = table(['H', 'STATUS', 'Z'], rows(plain.red))
    expect(printable(table(['H', 'STATUS', 'Z'], rows(coloured.red), coloured.dim))).toBe(bare)
    expect(bare).toBe('H    STATUS  Z\na    Live    x\nbcd  é🙂      y')
  })
})

group('an event', () => {
  const at = new Date(2026, 0, 2, 12, 3, 4).getTime()

  it('is one line', () => {
    expect(describe(event(1, { at, type: 'BuildSucceeded', message: 'built', durationMs: 1234 }))).toBe(
      '12:03:04 hello  BuildSucceeded  built in 1.2s',
    )
    expect(describe({ ...event(1), at: new Date(at).toISOString(), message: 'a\u001b[2J\nb' })).toBe(
      '12:03:04 hello  CommitSeen  1a2b3c4 a …',
    )
  })

  it('does not say twice how long it took, and has words where there is no message', () => {
    expect(describe(event(1, { at, type: 'BuildFailed', message: 'failed after 1.2s', durationMs: 1234 }))).toBe(
      '12:03:04 hello  BuildFailed  failed after 1.2s',
    )
    expect(describe(event(1, { at, type: 'RolledBack', message: '', release: 3 }))).toBe(
      '12:03:04 hello  RolledBack  rolled back (1a2b3c4, v3)',
    )
  })

  it.each([
    ['InstanceReady', 'hello.web.v1.1 answers', 'hello.web.v1.1 answers after 1.2s'],
    ['InstanceStopped', 'hello.web.v1.1 has stopped (exit code 0)', 'hello.web.v1.1 has stopped (exit code 0) after 1.2s'],
    [
      'InstanceExited',
      'hello.web.v1.1 ended by itself (exit code 1): no',
      'hello.web.v1.1 ended by itself (exit code 1): no (after 1.2s)',
    ],
    ['RolloutFailed', 'NotReady: no; v3 serves on', 'NotReady: no; v3 serves on (after 1.2s)'],
  ] as const)('of %s says after which time', (type, message, words) => {
    expect(describe(event(1, { at, type, message, durationMs: 1234 }))).toContain(`  ${words}`)
  })

  it('lines up where columns are given', () => {
    expect(describe(event(1, { at, app: 'a' }), plain, { app: 5, type: 14 })).toBe(
      '12:03:04 a      CommitSeen      1a2b3c4 event 1',
    )
  })
})

group('status', () => {
  it('says what is under way', () => {
    const building = { ...live, status: 'Building' as const, serving: null, message: 'building 9f8e7d6, 3 s so far' }
    expect(renderStatus([building], 0)).toContain('\n\nhello: building 9f8e7d6, 3 s so far')
    expect(renderStatus([{ ...failed, serving: null }], 0)).toContain('shop: BuildFailed at 9f8e7d6. Nothing of it serves.')
    expect(renderStatus([], 0)).toContain('No apps yet')
    const preview = { ...live, app: 'hello-pr-7', preview: { of: 'hello', number: 7 } }
    expect(renderStatus([live, preview], 0)).toContain('\n\nhello-pr-7 shows pull request #7 of hello.')
    const waiting = { ...live, message: 'waiting for web to be started again after 5 crashes' }
    expect(renderStatus([waiting], 0).split('\n')).toHaveLength(2)
    const short = { ...waiting, processes: [{ type: 'web', want: 2, ready: 0 }] }
    expect(renderStatus([short], 0)).toContain('\n\nhello: waiting for web to be started again')
    const looping = { ...failed, failure: { commit: failed.serving?.commit ?? '', code: 'CrashLoop', message: '' } }
    expect(renderStatus([looping], 0)).toContain(', which is live.')
    const suspended = { ...live, status: 'Suspended' as const }
    expect(renderStatus([suspended], 0)).toContain('\n\nhello: stopped by hand; `trimtab restart hello` brings it back.')
    const untold = { ...building, reports: { waiting: 2, dropped: 1, lastError: 'git.test is\nbusy.' } }
    expect(renderStatus([untold], 0)).toContain(
      '\n\nhello: reports that have not arrived: 2 waiting, 1 given up. git.test is busy.',
    )
  })
})

it('one release: what went into its image, a line each', () => {
  const materials = {
    packs: [
      { name: 'nodejs', detected: 'Node.js' },
      { name: 'https://git.example.com/pack.git#v2', detected: 'Pack\u001b[2J', commit: 'c'.repeat(40) },
    ],
    versions: { node: '20.11.1' },
    stack: 'sha256:abc',
  }
  const release: ReleaseView = {
    app: 'shop',
    version: 3,
    commit: 'a'.repeat(40),
    image: 'key',
    built: true,
    createdAt: '2026-01-02T12:03:04.000Z',
    createdBy: 'git',
    status: 'live',
    materials,
  }
  const lines = renderRelease(release).split('\n')
  expect(lines).toContain('buildpack  nodejs (Node.js)')
  expect(lines).toContain('node       20.11.1')
  expect(lines).toContain('stack      sha256:abc')
  expect(lines.join('')).toContain(`at ${'c'.repeat(40)}`)
  expect(lines.join('')).not.toContain('\u001b')
  // Of an older trimtab.
  expect(renderRelease({ ...release, materials: null })).not.toMatch(/buildpack|stack/)
})
