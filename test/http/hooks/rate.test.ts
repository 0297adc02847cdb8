import { expect, it } from 'vitest'
import { Rate } from '../../../src/http/hooks/rate.ts'

it('so many at once, then as many as come back', () => {
  let now = 0
  const rate = new Rate(() => now)
  const taken = () => Array.from({ length: 100 }, () => rate.take('10.0.0.1', 60)).filter((wait) => wait === 0).length
  expect(taken()).toBe(60)
  expect(rate.take('10.0.0.1', 60)).toBe(1)
  now += 500
  expect(rate.take('10.0.0.1', 60)).toBe(1)
  now += 500
  expect(rate.take('10.0.0.1', 60)).toBe(0)
  now += 3_600_000
  expect(taken()).toBe(60)
})

it('an IPv6 network is one address, an IPv4 address is itself however it is written', () => {
  const rate = new Rate(() => 0)
  expect(rate.take('2001:db8::1', 1)).toBe(0)
  expect(rate.take('2001:db8:0:0:ffff:1:2:3', 1)).toBe(60)
  expect(rate.take('2001:db8:0:1::1', 1)).toBe(0)
  expect(rate.take('::ffff:10.0.0.1', 1)).toBe(0)
  expect(rate.take('10.0.0.1', 1)).toBe(60)
  expect(rate.take('fe80::1%eth0', 1)).toBe(0)
})

it('a hundred thousand addresses are not remembered', () => {
  const rate = new Rate(() => 0)
  rate.take('the first', 1)
  const before = process.memoryUsage().heapUsed
  for (let n = 0; n < 100_000; n++) rate.take(`10.${n >> 16}.${(n >> 8) & 255}.${n & 255}`, 1)
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(16 * 2 ** 20)
  expect(rate.take('the first', 1)).toBe(0)
})
