/**
 * What apps, release phases and builds can reach of the test, wherever they run: a file of the machine is not there in a
 * container, but an address is. Gates are opened by the test and asked from there; notes are made there and read by the test.
 */
import { createServer } from 'node:http'
import { networkInterfaces } from 'node:os'

export interface Gate {
  /** GET answers 200 while it is open, 404 while it is not. */
  url: string
  /** A shell command that succeeds while it is open. */
  isOpen: string
  open(): void
  close(): void
}

export interface Outside {
  gate(name: string): Gate
  /** A shell command that notes this text (variables in it are the shell's), and fails where it is not taken. */
  note(text: string): string
  /** GET notes this text. */
  url(text: string): string
  noted(): string[]
  end(): Promise<void>
}

export async function startOutside(): Promise<Outside> {
  const noted: string[] = []
  const open = new Set<string>()
  const server = createServer((request, response) => {
    const path = decodeURIComponent(request.url ?? '/')
    if (path.startsWith('/note/')) noted.push(path.slice('/note/'.length))
    else if (!open.has(path)) response.statusCode = 404
    response.setHeader('connection', 'close')
    response.end()
  })
  await new Promise<void>((resolve) => server.listen(0, '0.0.0.0', resolve))
  const address = server.address()
  const base = `http://${thisMachine()}:${typeof address === 'object' ? address?.port : 0}`
  return {
    gate(name) {
      const path = `/gate/${name}`
      return {
        url: base + path,
        isOpen: ask(base + path),
        open: () => void open.add(path),
        close: () => void open.delete(path),
      }
    },
    note: (text) => ask(`${base}/note/${text}`),
    url: (text) => `${base}/note/${text}`,
    noted: () => [...noted],
    end: () => new Promise((resolve) => server.close(() => resolve())),
  }
}

/** Node is wherever these apps run; curl is not. */
function ask(url: string): string {
  return `node -e 'fetch(process.argv[1]).then((r) => process.exit(r.ok ? 0 : 1))' "${url}"`
}

/** An address of this machine's own, which containers reach too; without one, only processes do. */
function thisMachine(): string {
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? [])
  return all.find(({ family, internal }) => family === 'IPv4' && !internal)?.address ?? '127.0.0.1'
}
