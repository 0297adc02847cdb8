/** What needs no engine: labels, words for times, bytes. */
import type { ContainerStats } from 'dockerode'
import { describe, expect, it } from 'vitest'
import { Refusal } from '../../../src/engine/engine.ts'
import { LABEL } from '../../../src/engine/labels.ts'
import { createDeaths } from '../../../src/runtime/docker/deaths.ts'
import { createFrames } from '../../../src/runtime/docker/frames.ts'
import { labelsOf, readLabels } from '../../../src/runtime/docker/labels.ts'
import { createRecordReader, sinceOf } from '../../../src/runtime/docker/records.ts'
import { startError } from '../../../src/runtime/docker/refusals.ts'
import { startedAt, uptimeOf } from '../../../src/runtime/docker/uptime.ts'
import { difference } from '../../../src/runtime/docker/usage.ts'
import { specOf } from './world.ts'

describe('labels', () => {
  const spec = specOf({ image: 'trimtab/p:k' }, 'x', { health: { path: '/up', intervalMs: 1, timeoutMs: 2, graceMs: 3 } })
  const address = { host: '10.0.0.9', port: 5000 }
  const labels = labelsOf('p', spec, { address, startedAt: 7 })
  const read = (changed: Record<string, string | undefined>, name = 'shop.web.v1.1') => {
    const all = Object.entries({ ...labels, ...changed }).filter((one): one is [string, string] => one[1] !== undefined)
    return readLabels('p', { name, labels: Object.fromEntries(all), createdAt: 9 })
  }

  it('say all that an instance is', () => {
    const { image, command: _, env: __, ...identity } = spec
    expect(read({})).toEqual({
      ...identity,
      name: 'shop.web.v1.1',
      imageKey: image.key,
      imageRef: image.ref,
      foreign: false,
      address,
      startedAt: 7,
    })
  })

  it.each([
    ['not JSON', { [LABEL.spec]: '{' }],
    ['not a spec', { [LABEL.spec]: '{"index":"1"}' }],
    ['null', { [LABEL.spec]: 'null' }],
    ['missing', { [LABEL.spec]: undefined }],
    ['of another instance', { [LABEL.instance]: 'shop.web.v2.1' }],
    ['of no app', { [LABEL.app]: '../evil' }],
    ['of no release', { [LABEL.release]: 'x' }],
  ])('that are damaged (%s) leave what the name tells', (_what, changed) => {
    for (const name of ['shop.web.v1.1', 'shop.web.v1.1.p', 'shop.web.v1.1.stopping', 'shop.web.v1.1.p.stopping']) {
      expect(read(changed, name)).toMatchObject({
        name: 'shop.web.v1.1',
        app: 'shop',
        process: 'web',
        release: 1,
        index: 1,
        fingerprint: '',
        startedAt: 9,
      })
    }
    expect(read({ ...changed, [LABEL.app]: undefined, [LABEL.spec]: '' }, 'what_ever')).toMatchObject({
      name: 'what_ever',
      app: 'what_ever',
      process: 'unknown',
    })
  })

  it('of others, of other things and of images make no instance', () => {
    expect(read({ [LABEL.platform]: 'other' })).toBeNull()
    expect(read({ [LABEL.role]: 'build' })).toBeNull()
    expect(read({ [LABEL.app]: undefined, [LABEL.instance]: undefined, [LABEL.spec]: undefined })).toBeNull()
  })
})

describe('an uptime in words', () => {
  it.each([
    ['Up Less than a second', 0, 1],
    ['Up 1 second', 1, 2],
    ['Up 59 seconds (healthy)', 59, 60],
    ['Up About a minute', 60, 120],
    ['Up 5 minutes (Paused)', 300, 360],
    ['Up About an hour', 3600, 5400],
    ['Up 3 hours', 9000, 12600],
  ])('%s', (words, least, most) => {
    expect(uptimeOf(words)).toEqual({ least: least * 1000, most: most * 1000 })
  })

  it.each(['Up 2 weeks', 'Up', 'Exited (0) 2 hours ago', '', 'Up many seconds'])('%j tells nothing', (words) => {
    expect(uptimeOf(words)).toBeNull()
  })

  it('gives a later start only where it must have been later, and then stays', () => {
    expect(startedAt('Up 5 minutes', 0, 330_000)).toBe(0)
    expect(startedAt('Up 4 seconds', 0, 5_500)).toBe(0)
    const again = startedAt('Up 4 seconds', 0, 100_000)
    expect(again).toBe(96_000)
    for (const [words, at] of [
      ['Up 5 seconds', 101_999],
      ['Up 59 seconds', 156_000],
      ['Up About a minute', 200_000],
      ['Up 2 hours', 8_000_000],
    ] as const) {
      expect(startedAt(words, again, at)).toBe(again)
    }
  })
})

describe('frames', () => {
  const frame = (output: number, text: string) => {
    const header = Buffer.alloc(8)
    header[0] = output
    header.writeUInt32BE(Buffer.byteLength(text), 4)
    return Buffer.concat([header, Buffer.from(text)])
  }
  const [t1, t2, t3] = ['2026-01-01T00:00:00.000000001Z', '2026-01-01T00:00:00.000000002Z', '2026-01-01T00:00:01.500000000Z']
  const bytes = Buffer.concat([
    frame(1, `${t1} one 🙂\n`),
    frame(2, `${t2} half `),
    frame(1, `${t2} two\n`),
    frame(1, ''),
    frame(2, `${t3} of it\n`),
    frame(1, `${t3} rest`),
  ])

  it('are put together however the bytes arrive', () => {
    for (let size = 1; size <= bytes.length; size++) {
      const frames = createFrames()
      const outputs = { stdout: '', stderr: '' }
      for (let at = 0; at < bytes.length; at += size) {
        for (const { output, bytes: some } of frames(bytes.subarray(at, at + size))) outputs[output] += some.toString('latin1')
      }
      expect(outputs.stderr).toBe(`${t2} half ${t3} of it\n`)
    }
  })

  it('become lines with their times, whole', () => {
    for (let size = 1; size <= bytes.length; size++) {
      const reader = createRecordReader()
      const records = []
      for (let at = 0; at < bytes.length; at += size) records.push(...reader.push(bytes.subarray(at, at + size)))
      expect([...records, ...reader.rest()]).toEqual([
        { time: t1, line: 'one 🙂' },
        { time: t2, line: 'two' },
        { time: t3, line: 'half of it' },
        { time: t3, line: 'rest' },
      ])
    }
  })

  it('have times that the engine can be asked with', () => {
    expect(sinceOf(t2)).toBe('1767225600.000000002')
    expect(sinceOf(t3)).toBe('1767225601.500000000')
  })
})

describe('a death', () => {
  const event = (Action: string, exitCode?: string) => ({
    Type: 'container',
    Action,
    timeNano: 5e9,
    Actor: { ID: 'a', Attributes: exitCode === undefined ? {} : { exitCode } },
  })

  it('is an end that nobody asked for, and stays one', () => {
    const deaths = createDeaths()
    expect(['start', 'oom', 'die', 'start', 'die'].map((action) => deaths.seen(event(action, '137')))).toEqual([
      false,
      false,
      true,
      false,
      false,
    ])
    expect(deaths.of('a')).toEqual({ at: 5_000, code: 137, outOfMemory: true })
    deaths.seen(event('destroy'))
    expect(deaths.of('a')).toBeNull()
  })

  it('is none after a signal through the engine', () => {
    const deaths = createDeaths()
    for (const action of ['start', 'kill', 'die', 'stop', 'start', 'kill', 'die']) deaths.seen(event(action, '0'))
    expect(deaths.of('a')).toBeNull()
    expect(deaths.isDown('a')).toBe(true)
    deaths.missed()
    expect(deaths.isDown('a')).toBe(false)
    deaths.seen(event('die', '0'))
    expect(deaths.isDown('a')).toBe(true)
    deaths.seen(event('start'))
    expect(deaths.isDown('a')).toBe(false)
    deaths.keep(new Set())
    deaths.seen(event('start'))
    expect(deaths.seen(event('die', '3'))).toBe(true)
  })
})

describe('a refusal', () => {
  it.each([
    [404, 'No such image: x:1', 'StartFailed', true, /not there any more, and is built again/],
    [500, 'write /var/lib/docker/x: no space left on device', 'DiskFull', true, /disk is full/],
    [400, 'exec: "nope": executable file not found in $PATH', 'StartFailed', false, /could not be started/],
    [500, 'OCI runtime create failed: exec format error', 'StartFailed', false, /could not be started/],
    [500, 'failed to create shim task: context deadline exceeded', 'StartFailed', true, /could not be started/],
    [409, 'Conflict. The container name "/x" is already in use', 'StartFailed', true, /could not be started/],
  ])('%i %s is %s, to be tried again: %s', (status, message, code, retry, said) => {
    const refusal = new Refusal(status, message, null)
    expect(startError('a.web.v1.1', 'a', 'x:1', refusal)).toMatchObject({ code, retry, message: expect.stringMatching(said) })
  })
})

describe('usage', () => {
  const stats = (read: string, total_usage: number, memory_stats: object) =>
    ({ read, memory_stats, cpu_stats: { cpu_usage: { total_usage } } }) as unknown as ContainerStats

  it('is memory without idle pages of files, and cores', () => {
    const first = stats('2026-01-01T00:00:00.000000001Z', 1e9, {})
    const ones = { usage: 100, stats: { total_inactive_file: 30, inactive_file: 1 } }
    expect(difference(first, stats('2026-01-01T00:00:00.500000001Z', 1.25e9, ones))).toEqual({ memoryBytes: 70, cpus: 0.5 })
    const twos = { usage: 100, stats: { inactive_file: 40 } }
    expect(difference(first, stats('2026-01-01T00:00:00.000000001Z', 1e9, twos))).toEqual({ memoryBytes: 60, cpus: 0 })
    expect(difference(first, stats('2026-01-01T00:00:01Z', 0, {}))).toEqual({ memoryBytes: 0, cpus: 0 })
  })
})
