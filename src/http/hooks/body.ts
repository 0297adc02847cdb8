import type { IncomingMessage } from 'node:http'

/** Hands over the body piece by piece, and stops as soon as it is larger than `limit`. Keeps nothing. `broken`: it ended too early. */
export function readBody(
  request: IncomingMessage,
  limit: number,
  piece: (bytes: Buffer) => void,
): Promise<'whole' | 'too large' | 'broken'> {
  return new Promise((resolve) => {
    let length = 0
    const settle = (end: 'whole' | 'too large' | 'broken') => {
      request.off('data', take)
      resolve(end)
    }
    const take = (bytes: Buffer) => {
      length += bytes.length
      if (length > limit) settle('too large')
      else piece(bytes)
    }
    request.on('data', take)
    request.once('end', () => settle('whole'))
    request.once('error', () => settle('broken'))
    request.once('close', () => settle('broken'))
  })
}
