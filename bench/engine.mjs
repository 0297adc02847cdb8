/** A Docker Engine of the bench's own, as the tests have theirs; and a tap between it and trimtab that counts what it is asked. */
import { execFile } from 'node:child_process'
import { createServer, request } from 'node:http'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { runnerImport } from 'vite'
import { root } from '../scripts/ready.mjs'

const run = promisify(execFile)

/** Throws, saying what is missing, where there can be none. */
export async function startEngine() {
  // The tests' own bring-up, which is TypeScript: loaded as the test runner loads it.
  const { module } = await runnerImport(join(root, 'test/support/docker.ts'))
  const { module: parts } = await runnerImport(join(root, 'test/support/stack.ts'))
  await parts.makeStack()
  const engine = await module.ownEngine(null)
  const image = await module.stackImage(engine.socket)
  const docker = async (...args) =>
    (
      await run('docker', args, { env: { ...process.env, DOCKER_HOST: `unix://${engine.socket}` }, maxBuffer: 2 ** 26 })
    ).stdout.trim()
  return { socket: engine.socket, image, docker, end: () => engine.end() }
}

/** Listens on `socket`, passes everything on to the engine, and notes each request. */
export async function tap(socket, engine) {
  const asked = []
  const server = createServer((incoming, outgoing) => {
    asked.push(`${incoming.method} ${incoming.url}`)
    const { method, url: path, headers } = incoming
    const onward = request({ socketPath: engine, method, path, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode, answer.headers)
      outgoing.flushHeaders()
      answer.pipe(outgoing)
    })
    onward.on('error', () => outgoing.destroy())
    outgoing.on('close', () => onward.destroy())
    incoming.pipe(onward)
  })
  // Attached streams are taken over after an upgrade.
  server.on('upgrade', (incoming, client, head) => {
    asked.push(`${incoming.method} ${incoming.url}`)
    const { method, url: path, headers } = incoming
    const onward = request({ socketPath: engine, method, path, headers })
    onward.on('upgrade', (answer, there, rest) => {
      const lines = Object.entries(answer.headers).map(([name, value]) => `${name}: ${value}`)
      client.write(`HTTP/1.1 ${answer.statusCode} ${answer.statusMessage}\r\n${lines.join('\r\n')}\r\n\r\n`)
      client.write(rest)
      there.write(head)
      there.pipe(client).on('error', () => there.destroy())
      client.pipe(there).on('error', () => client.destroy())
    })
    onward.on('error', () => client.destroy())
    onward.end()
  })
  await new Promise((resolve, reject) => server.once('error', reject).listen(socket, resolve))
  return { asked, close: () => server.close() }
}
