import { expect, test } from 'vitest'
import { nextBuild, positionOf, type Waiting } from '../../src/build/queue.ts'

const request = (app: string, seq: number): Waiting => ({ key: `${app}${seq}`, app, seq })
const none = new Set<string>()

test('the newest request goes first', () => {
  const waiting = [request('a', 1), request('c', 3), request('b', 2)]
  expect(nextBuild(waiting, new Map(), none)?.app).toBe('c')
  expect(waiting.map((one) => positionOf(one.key, waiting, new Map()))).toEqual([3, 1, 2])
})

test('an app that keeps asking overtakes the oldest request only once', () => {
  const started: string[] = []
  const lastStart = new Map<string, number>()
  let clock = 0
  const quiet = request('quiet', ++clock)
  let noisy = request('noisy', ++clock)
  for (let turn = 0; turn < 3 && !started.includes('quiet'); turn += 1) {
    const next = nextBuild([quiet, noisy], lastStart, none)
    started.push(next?.app ?? '')
    lastStart.set(next?.app ?? '', ++clock)
    noisy = request('noisy', ++clock)
  }
  expect(started).toEqual(['noisy', 'quiet'])
})

test('an app that is building waits for itself, others do not wait for it', () => {
  expect(nextBuild([request('a', 1), request('b', 2)], new Map(), new Set(['b']))?.app).toBe('a')
  expect(nextBuild([request('b', 2)], new Map(), new Set(['b']))).toBeUndefined()
  expect(nextBuild([], new Map(), none)).toBeUndefined()
})
