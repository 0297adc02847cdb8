/**
 * As many requests as are answered, over kept connections, one at a time on each. By hand over sockets: a full HTTP client
 * would be the slowest of the three processes, and its own limit would be measured.
 */
import { connect } from 'node:net'

const { port, host, connections, ms } = JSON.parse(process.argv[2])
const request = `GET /hello HTTP/1.1\r\nHost: ${host}\r\n\r\n`
const end = performance.now() + ms
let answered = 0
let failed = 0

function client() {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1').setNoDelay(true).setEncoding('latin1')
    let text = ''
    socket.on('connect', () => socket.write(request))
    socket.on('data', (chunk) => {
      text += chunk
      // The echo's last bytes; nothing comes after them before the next request.
      if (!text.endsWith('.\n')) return
      if (text.startsWith('HTTP/1.1 200')) answered++
      else failed++
      text = ''
      if (performance.now() < end) socket.write(request)
      else socket.end()
    })
    socket.on('error', () => failed++)
    socket.on('close', resolve)
  })
}

const began = performance.now()
await Promise.all(Array.from({ length: connections }, client))
process.send({ perSecond: answered / ((performance.now() - began) / 1000), failed })
process.disconnect()
