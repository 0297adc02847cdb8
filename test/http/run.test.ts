import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { connect } from 'node:net'
import { PassThrough, Readable, Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { TrimtabError } from '../../src/errors.ts'
import { encodeFrame } from '../../src/http/frames.ts'
import { socketPath } from '../../src/http/socket.ts'
import type { Terminal } from '../../src/ports.ts'
import { type Served, served, until } from '../support/served.ts'

let platform: Served
beforeEach(async () => {
  platform = await served()
})
afterEach(() => platform.close())

const digest = (data: Buffer) => createHash('sha256').update(data).digest('hex')
const write = (stream: NodeJS.WritableStream, text: string) => new Promise<void>((done) => stream.write(text, () => done()))

function terminal(stdin: NodeJS.ReadableStream | null = null) {
  const collect = () => {
    const chunks: Buffer[] = []
    const stream = new Writable({
      write(chunk: Buffer, _encoding, done) {
        chunks.push(chunk)
        done()
      },
    })
    return { stream, data: () => Buffer.concat(chunks) }
  }
  const out = collect()
  const err = collect()
  const stop = new AbortController()
  const ends: Terminal = { stdin, stdout: out.stream, stderr: err.stream, signal: stop.signal }
  return { ends, out: out.data, err: err.data, stop }
}

const cat = async (_command: string[], { stdin, stdout }: Terminal) => {
  if (stdin !== null) await pipeline(stdin, stdout)
  return 0
}

describe('run', () => {
  it('hands on command, output and exit code', async () => {
    platform.control.command = async (command, { stdout, stderr }) => {
      await write(stdout, `ran ${command.join(' ')}\n`)
      await write(stderr, 'oops\n')
      return 7
    }
    const { ends, out, err } = terminal()
    expect(await platform.client.run('hello', ['echo', 'a b', ''], ends)).toBe(7)
    expect([out().toString(), err().toString()]).toEqual(['ran echo a b \n', 'oops\n'])
    expect(platform.control.asked).toEqual(['run ["echo","a b",""] hello'])
  })

  it('carries 10 MB of binary data there and back, unharmed', async () => {
    platform.control.command = cat
    const data = randomBytes(10 * 1024 * 1024)
    const { ends, out } = terminal(Readable.from([data.subarray(0, 1), data.subarray(1)], { objectMode: false }))
    expect(await platform.client.run('hello', ['cat'], ends)).toBe(0)
    expect(digest(out())).toBe(digest(data))
  })

  it('keeps all output that comes before the exit', async () => {
    platform.control.command = async (_command, { stdout }) => {
      stdout.write(Buffer.alloc(3_000_001, 1))
      return 0
    }
    const { ends, out } = terminal()
    await platform.client.run('hello', ['yes'], ends)
    expect(out().byteLength).toBe(3_000_001)
  })

  it('takes no more stdin than the command does', async () => {
    let finish: (() => void) | null = null
    platform.control.command = () => new Promise((resolve) => (finish = () => resolve(0)))
    let pulled = 0
    const stdin = new Readable({
      read() {
        pulled += 65_536
        this.push(Buffer.alloc(65_536))
      },
    })
    const { ends } = terminal(stdin)
    const code = platform.client.run('hello', ['sleep'], ends)
    await until(() => stdin.isPaused() && finish !== null)
    expect(pulled).toBeLessThan(2_000_000)
    ;(finish as (() => void) | null)?.()
    expect(await code).toBe(0)
    expect(stdin.listenerCount('data')).toBe(0)
  })

  it('lets a slow terminal slow down the command', async () => {
    let written = 0
    platform.control.command = async (_command, { stdout, signal }) => {
      while (!signal.aborted) {
        if (!stdout.write(Buffer.alloc(65_536))) await once(stdout, 'drain', { signal }).catch(() => {})
        written += 65_536
      }
      return 143
    }
    const { ends, stop } = terminal()
    let go = () => {}
    const held = new Promise<void>((resolve) => (go = resolve))
    const stdout = new Writable({ write: (_chunk, _encoding, done) => void held.then(() => done()) })
    const code = platform.client.run('hello', ['yes'], { ...ends, stdout })
    let before = -1
    while (before !== written || written === 0) {
      before = written
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    expect(written).toBeLessThan(4_000_000)
    stop.abort('SIGINT')
    go()
    expect(await code).toBe(143)
  })

  it('passes a signal on', async () => {
    platform.control.command = async (_command, { signal }) => {
      await once(signal, 'abort')
      expect(signal.reason).toBe('SIGINT')
      return 130
    }
    const { ends, stop } = terminal(new PassThrough())
    const code = platform.client.run('hello', ['sleep'], ends)
    await until(() => platform.control.asked.length > 0)
    stop.abort('SIGINT')
    expect(await code).toBe(130)
  })

  it('ends the command when the client goes away, also while its stdin is stuck', async () => {
    let aborted = false
    platform.control.command = async (_command, { signal }) => {
      await once(signal, 'abort')
      aborted = true
      return 143
    }
    const socket = connect(socketPath(platform.state))
    socket.write('GET /api/v1/apps/hello/run HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: trimtab-run\r\n\r\n')
    socket.write(encodeFrame('command', '{"command":["sleep"]}'))
    for (let n = 0; n < 4; n++) socket.write(encodeFrame('stdin', Buffer.alloc(65_536)))
    await until(() => platform.control.asked.length > 0)
    socket.destroy()
    await until(() => aborted)
  })

  it('runs inside of an instance that is named, and with the terminal of the person', async () => {
    const sizes: Array<{ columns: number; rows: number }> = []
    platform.control.command = async (_command, { tty }) => {
      await new Promise<void>((resolve) => {
        tty?.onSize((size) => {
          sizes.push(size)
          if (sizes.length === 2) resolve()
        })
      })
      return 7
    }
    let resize: (size: { columns: number; rows: number }) => void = () => {}
    const tty = {
      onSize(resized: typeof resize) {
        resize = resized
        resized({ columns: 100, rows: 30 })
      },
    }
    const code = platform.client.run('hello', [], { ...terminal().ends, tty }, 'web.1')
    await until(() => sizes.length === 1)
    resize({ columns: 60, rows: 20 })
    expect(await code).toBe(7)
    expect(sizes).toEqual([
      { columns: 100, rows: 30 },
      { columns: 60, rows: 20 },
    ])
    expect(platform.control.asked.at(-1)).toContain('run [] in web.1')
  })

  it.each([
    ['no words', '{"command":"ls"}'],
    ['an instance that is no word', '{"command":["ls"],"inside":{}}'],
    ['a terminal without a size', '{"command":["ls"],"tty":{"columns":0,"rows":1}}'],
    ['nothing', 'null'],
  ])('refuses a request with %s', async (_what, request) => {
    const socket = connect(socketPath(platform.state))
    socket.write('GET /api/v1/apps/hello/run HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: trimtab-run\r\n\r\n')
    socket.write(encodeFrame('command', request))
    let answer = ''
    socket.on('data', (bytes) => (answer += bytes))
    await once(socket, 'close')
    expect(answer).toContain('"code":"Usage"')
    expect(platform.control.asked).toEqual([])
  })

  it('survives a command that ends before its input', async () => {
    platform.control.command = async (_command, { stdin }) => {
      if (stdin !== null) await once(stdin, 'readable')
      return 1
    }
    const { ends } = terminal(Readable.from([Buffer.alloc(5_000_000)], { objectMode: false }))
    expect(await platform.client.run('hello', ['head'], ends)).toBe(1)
    expect(await platform.client.version()).toMatchObject({ pid: 4711 })
  })

  it('tells what hindered it', async () => {
    await expect(platform.client.run('hallo', ['ls'], terminal().ends)).rejects.toMatchObject({ code: 'NotFound' })
    await expect(platform.client.run('hello', [], terminal().ends)).rejects.toThrow('list of words')
    platform.control.command = async () => {
      throw new TrimtabError('StartFailed', 'no such directory')
    }
    await expect(platform.client.run('hello', ['ls'], terminal().ends)).rejects.toMatchObject({ code: 'StartFailed' })
  })

  it('says so when the platform ends first', async () => {
    platform.control.command = () => new Promise(() => {})
    const code = platform.client.run('hello', ['sleep'], terminal().ends)
    await until(() => platform.control.asked.length > 0)
    await Promise.all([expect(code).rejects.toThrow(/ended|broke/), platform.server.close()])
  })

  it.each([
    ['another path', 'GET /api/v1/apps HTTP/1.1', 'trimtab-run', '404'],
    ['another protocol', 'GET /api/v1/apps/hello/run HTTP/1.1', 'websocket', '404'],
    ['a broken name', 'GET /api/v1/apps/%ff/run HTTP/1.1', 'trimtab-run', '404'],
  ])('refuses %s', async (_what, line, protocol, status) => {
    const socket = connect(socketPath(platform.state))
    socket.write(`${line}\r\nhost: x\r\nconnection: upgrade\r\nupgrade: ${protocol}\r\n\r\n`)
    let text = ''
    for await (const chunk of socket) text += chunk
    expect(text).toContain(`HTTP/1.1 ${status}`)
    expect(platform.control.asked).toEqual([])
  })

  it.each([
    ['an unknown frame', Buffer.from([99, 0, 0, 0, 0])],
    ['a frame without bounds', Buffer.from([2, 255, 255, 255, 255])],
    ['more stdin than asked for', Buffer.concat(Array.from({ length: 9 }, () => encodeFrame('stdin', Buffer.alloc(65_536))))],
    ['a command that is no list', encodeFrame('command', '{"a":1}')],
  ])('hangs up on %s', async (_what, bytes) => {
    platform.control.command = () => new Promise(() => {})
    const socket = connect(socketPath(platform.state))
    socket.on('error', () => {})
    socket.write('GET /api/v1/apps/hello/run HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: trimtab-run\r\n\r\n')
    socket.write(bytes)
    socket.resume()
    await new Promise((resolve) => socket.once('close', resolve))
    expect(await platform.client.version()).toMatchObject({ pid: 4711 })
  })
})
