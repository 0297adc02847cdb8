/** Two sockets that have left HTTP (WebSocket): bytes both ways, with back-pressure and half-close, until both sides have ended. */
import type { Socket } from 'node:net'

/** Joins them. `toServer`, `toClient`: what each had sent already. `closed` is called once. */
export function join(client: Socket, server: Socket, toServer: Buffer, toClient: Buffer, closed: () => void): void {
  const ended = new Set<Socket>()
  const end = (socket: Socket) => {
    if (ended.has(socket)) return
    if (ended.add(socket).size === 2) closed()
  }
  for (const [from, to] of [
    [client, server],
    [server, client],
  ] as const) {
    from.setTimeout(0)
    from.setNoDelay(true)
    from.setKeepAlive(true, 30_000)
    // An error is followed by 'close', which ends the other side.
    from.on('error', () => {})
    from.on('close', () => {
      to.destroySoon()
      end(from)
    })
    if (from.destroyed) {
      to.destroySoon()
      end(from)
    }
  }
  if (toServer.length > 0) server.write(toServer)
  if (toClient.length > 0) client.write(toClient)
  client.pipe(server)
  server.pipe(client)
}
