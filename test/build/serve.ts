import { type ChildProcess, spawn } from 'node:child_process'
import { createServer } from 'node:net'
import { onTestFinished } from 'vitest'
import type { Image } from '../../src/domain.ts'

/** One process of a slug, started as a runtime would: HOME and working folder are the slug, .profile.d is sourced. */
export interface Served {
  url: string
  child: ChildProcess
  output: () => string
  exit: Promise<number | null>
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  return typeof address === 'object' && address !== null ? address.port : 0
}

export function start(image: Image, command: string, env: Record<string, string>): Omit<Served, 'url'> {
  const script = `for f in "$HOME"/.profile.d/*.sh; do [ ! -f "$f" ] || . "$f"; done; exec ${command}`
  const child = spawn('bash', ['-c', script], {
    cwd: image.ref,
    env: { PATH: process.env.PATH, HOME: image.ref, ...image.configVars, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let text = ''
  const add = (chunk: Buffer) => {
    text += chunk
  }
  child.stdout?.on('data', add)
  child.stderr?.on('data', add)
  const exit = new Promise<number | null>((resolve) => child.once('close', resolve))
  onTestFinished(async () => {
    child.kill('SIGKILL')
    await exit
  })
  return { child, exit, output: () => text }
}

/** Starts it and waits until it answers. */
export async function serve(
  image: Image,
  command = image.processTypes.web ?? '',
  env: Record<string, string> = {},
): Promise<Served> {
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const started = start(image, command, { PORT: String(port), ...env })
  let over = false
  void started.exit.then(() => {
    over = true
  })
  for (;;) {
    if (over) throw new Error(`${command} ended before it answered:\n${started.output()}`)
    const answer = await fetch(url, { headers: { connection: 'close' } }).catch(() => null)
    await answer?.arrayBuffer()
    if (answer !== null) return { ...started, url }
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
