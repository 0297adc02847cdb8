import { describe, expect, it } from 'vitest'
import { encodeFrame, encodeNumber, FrameDecoder, LARGEST_FRAME, readNumber } from '../../src/http/frames.ts'

const bytes = Buffer.concat([
  encodeFrame('command', '["ls"]'),
  encodeFrame('stdin', Buffer.from([0, 255, 10, 1])),
  encodeFrame('stdinEnd'),
  encodeNumber('exit', 143),
])
const expected = [
  { type: 'command', payload: Buffer.from('["ls"]') },
  { type: 'stdin', payload: Buffer.from([0, 255, 10, 1]) },
  { type: 'stdinEnd', payload: Buffer.alloc(0) },
  { type: 'exit', payload: Buffer.from([0, 0, 0, 143]) },
]

describe('frames', () => {
  it.each(Array.from({ length: bytes.length }, (_, index) => index + 1))('are found in pieces of %i bytes', (size) => {
    const decoder = new FrameDecoder()
    const frames = []
    for (let from = 0; from < bytes.length; from += size) frames.push(...decoder.push(bytes.subarray(from, from + size)))
    expect(frames).toEqual(expected)
  })

  it('carry numbers', () => {
    const [frame] = new FrameDecoder().push(encodeNumber('exit', -1))
    expect(frame && readNumber(frame)).toBe(-1)
    expect(() => readNumber({ type: 'exit', payload: Buffer.alloc(3) })).toThrow('4 bytes')
  })

  it('are bounded, both ways', () => {
    expect(() => encodeFrame('stdin', Buffer.alloc(LARGEST_FRAME + 1))).toThrow('too long')
    const header = Buffer.from([2, 0xff, 0xff, 0xff, 0xff])
    expect(() => [...new FrameDecoder().push(header)]).toThrow('too long')
  })

  it('have a known type', () => {
    expect(() => [...new FrameDecoder().push(Buffer.from([99, 0, 0, 0, 0]))]).toThrow('Unknown frame type 99')
  })
})
