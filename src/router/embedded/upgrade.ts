/** Requests that ask to change the protocol. Node hands these over as a bare socket with whatever bytes came behind the head. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { PassThrough, type Readable } from 'node:stream'
import { BodyDecoder } from './body.ts'
import type { Upgrading } from './exchange.ts'
import type { Request } from './request.ts'
import { join } from './tunnel.ts'

/** More than this before the server has agreed is not waited for. */
const mostEarlyBytes = 64 * 1024

/**
 * How to go on with an upgrade request. h2c is never passed on (with it a client could speak past the router), and a request with
 * content cannot change the protocol here: both become plain requests, as RFC 9110, 7.8 allows. Java's HttpClient sends both.
 */
export function upgradeOf(
  request: Request,
  incoming: IncomingMessage,
  response: ServerResponse,
  socket: Socket,
  head: Buffer,
  open: Set<Socket>,
): { content: Readable; upgrading: Upgrading | null } {
  // Node keeps such a socket half open: a client that has said its last word is taken for one that left, as on any other connection.
  const onLeft = () => socket.destroy()
  socket.on('end', onLeft)
  if (request.framing !== 'none' || request.upgrade === '' || /\bh2c?\b/i.test(request.upgrade)) {
    request.upgrade = ''
    return { content: contentOf(request, incoming, socket, head), upgrading: null }
  }
  // Read on, so that a client that leaves is noticed; what comes early waits for the server's agreement.
  const early = [head]
  let size = head.length
  const onEarly = (data: Buffer) => {
    early.push(data)
    size += data.length
    if (size > mostEarlyBytes) socket.pause()
  }
  socket.on('data', onEarly)
  socket.resume()
  return {
    content: incoming,
    upgrading: {
      socket,
      switched(answer, server, rest, closed) {
        socket.off('data', onEarly)
        socket.off('end', onLeft)
        response.detachSocket(socket)
        let lines = `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: ${safe(answer.upgrade)}\r\n`
        for (let at = 0; at < answer.fields.length; at += 2)
          lines += `${safe(answer.fields[at])}: ${safe(answer.fields[at + 1])}\r\n`
        socket.write(`${lines}\r\n`, 'latin1')
        open.add(socket)
        join(socket, server, Buffer.concat(early), rest, () => {
          open.delete(socket)
          closed()
        })
      },
    },
  }
}

/** The content of a request whose socket Node reads no more. The connection ends after the response, so nothing behind it matters. */
function contentOf(request: Request, incoming: IncomingMessage, socket: Socket, head: Buffer): Readable {
  if (request.framing === 'none') return incoming
  const content = new PassThrough()
  let more = true
  const decoder = new BodyDecoder((data) => {
    more = content.write(data)
  })
  const length = Number(incoming.headers['content-length'] ?? 0)
  decoder.begin(request.framing === 'chunked' ? { kind: 'chunked' } : { kind: 'length', length })
  const onData = (data: Buffer) => {
    try {
      decoder.feed(data, 0)
    } catch {
      return void socket.destroy()
    }
    if (decoder.done) {
      socket.off('data', onData)
      socket.resume()
      content.end()
    } else if (!more) socket.pause()
  }
  content.on('drain', () => socket.resume())
  socket.on('data', onData)
  if (head.length > 0) onData(head)
  return content
}

/** Nothing of a server's field can begin another line. */
function safe(text: string | undefined): string {
  return (text ?? '').replace(/[\r\n\0]/g, '')
}
