/**
 * Somebody who asks for one page again and again over one kept connection, and notes when its text changed. By hand over a
 * socket: a full HTTP client asking this often would take the processor from what is measured.
 */
import { connect } from 'node:net'

const EVERY_MS = 2

/** `answered(text)` is resolved with the time (performance.now) at which an answer first held `text`. */
export function watchPage(port, host) {
  const request = `GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`
  const socket = connect(port, '127.0.0.1')
  socket.setNoDelay(true).setEncoding('latin1')
  let wanted = null
  let timer
  const ask = () => socket.write(request)
  socket.on('connect', ask)
  // Answers this small come in one piece.
  socket.on('data', (text) => {
    const now = performance.now()
    if (wanted && text.includes(wanted.text)) {
      wanted.resolve(now)
      wanted = null
    }
    timer = setTimeout(ask, EVERY_MS)
  })
  socket.on('error', (error) => wanted?.reject(error))
  socket.on('close', () => wanted?.reject(new Error('the router closed the connection')))
  return {
    answered: (text) =>
      new Promise((resolve, reject) => {
        wanted = { text, resolve, reject }
      }),
    close() {
      clearTimeout(timer)
      socket.destroy()
    },
  }
}
