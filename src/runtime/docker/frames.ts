/**
 * The engine's way to send two outputs in one stream: 8 bytes (which one, 3 zeros, the length, big endian), then so many bytes of
 * it (ContainerAttach of the Docker Engine API, "Stream format"). Terminals have one output, and send it as it is.
 */

export interface Frame {
  output: 'stdout' | 'stderr'
  bytes: Buffer
  /** Whether these bytes begin and end what was sent as one. */
  isFirst: boolean
  isLast: boolean
}

const HEADER = 8
const STDERR = 2

/** Gives what has come, frame by frame; of one that is not there in full, what there is. */
export function createFrames(): (chunk: Buffer) => Frame[] {
  let header: Buffer = Buffer.alloc(0)
  let frame: { output: Frame['output']; size: number; left: number } | null = null

  return (chunk) => {
    const frames: Frame[] = []
    let rest = chunk
    while (rest.length > 0) {
      if (!frame) {
        const missing = HEADER - header.length
        header = Buffer.concat([header, rest.subarray(0, missing)])
        rest = rest.subarray(missing)
        if (header.length < HEADER) break
        const size = header.readUInt32BE(4)
        frame = { output: header[0] === STDERR ? 'stderr' : 'stdout', size, left: size }
        header = Buffer.alloc(0)
      }
      const bytes = rest.subarray(0, frame.left)
      rest = rest.subarray(bytes.length)
      const isFirst = frame.left === frame.size
      frame.left -= bytes.length
      if (bytes.length > 0) frames.push({ output: frame.output, bytes, isFirst, isLast: frame.left === 0 })
      if (frame.left === 0) frame = null
    }
    return frames
  }
}
