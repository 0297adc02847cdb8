/**
 * As many requests as are answered, over kept connections, one at a time on each. By hand over sockets: a full HTTP client
 * would be the slowest of the three processes, and its own limit would be measured.
 */
import { connect } from 'node:net'

const { port, host, connections, ms } = JSON.parse(process.argv[2])
const request = Buffer.from(`GET /hello HTTP/1.1\r\nHost: ${host}\r\n\r\n`)
const good = Buffer.from('HTTP/1.1 200')
const end = performance.now() + ms
let answered = 0
let failed = 0

function client() {
  return new Promise((resolve) => {
    const buffer = Buffer.alloc(4096)
    let more = false
    const callback = (size) => {
      if (!more && good.compare(buffer, 0, good.length) !== 0) failed++
      // The echo's last bytes; nothing comes after them before the next request.
      more = buffer[size - 1] !== 0x0a || buffer[size - 2] !== 0x2e
      if (more) return true
      answered++
      if (performance.now() < end) socket.write(request)
      else socket.end()
      return true
    }
    const socket = connect({ port, host: '127.0.0.1', noDelay: true, onread: { buffer, callback } })
    socket.on('connect', () => socket.write(request))
    socket.on('error', () => failed++)
    socket.on('close', resolve)
  })
}

const began = performance.now()
await Promise.all(Array.from({ length: connections }, client))
process.send({ answered, perSecond: answered / ((performance.now() - began) / 1000), failed })
process.disconnect()
