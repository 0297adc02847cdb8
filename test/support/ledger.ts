/** Notes that apps make of what they did, wherever they run: by a request to the test itself. */
import { createServer } from 'node:http'
import { networkInterfaces } from 'node:os'

export interface Ledger {
  /** A shell command that notes this text (variables in it are the shell's), and fails where it is not taken. */
  note(text: string): string
  noted(): string[]
  close(): Promise<void>
}

export async function startLedger(): Promise<Ledger> {
  const noted: string[] = []
  const server = createServer((request, response) => {
    noted.push(decodeURIComponent((request.url ?? '/').slice(1)))
    response.end()
  })
  await new Promise<void>((resolve) => server.listen(0, '0.0.0.0', resolve))
  const address = server.address()
  const port = typeof address === 'object' ? address?.port : 0
  // An address of this machine's own, which containers reach too; without one, only processes do.
  const here = Object.values(networkInterfaces())
    .flatMap((all) => all ?? [])
    .find(({ family, internal }) => family === 'IPv4' && !internal)
  const host = here?.address ?? '127.0.0.1'
  return {
    note: (text) => `node -e 'fetch(process.argv[1]).then((r) => process.exit(r.ok ? 0 : 1))' "http://${host}:${port}/${text}"`,
    noted: () => [...noted],
    close: () => new Promise((resolve) => server.close(() => resolve())),
  }
}
