/** Ports of the loopback. */
import { type AddressInfo, connect, createServer } from 'node:net'

/** This port, if it is free, else another one that is. */
export async function freePort(preferred: number): Promise<number> {
  return (await tried(preferred)) ?? (await tried(0)) ?? 0
}

function tried(port: number): Promise<number | null> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(null))
    server.listen(port, '127.0.0.1', () => {
      const found = (server.address() as AddressInfo).port
      server.close(() => resolve(found))
    })
  })
}

/** Whether somebody listens there. */
export function isTaken(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    const end = (taken: boolean) => {
      socket.destroy()
      resolve(taken)
    }
    socket.once('connect', () => end(true))
    socket.once('error', () => end(false))
  })
}
