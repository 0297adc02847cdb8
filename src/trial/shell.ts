/** A shell where a build broke: with its files, its environment and its tools. */
import { spawn } from 'node:child_process'
import type { Duplex } from 'node:stream'
import type { Broken } from '../build/broken.ts'
import type { Terminal } from '../ports.ts'
import { keepSize } from '../runtime/docker/attached.ts'
import { pump } from '../runtime/docker/pump.ts'

/** Opens it, and waits for its end. */
export function openShell(broken: Broken, terminal: Terminal): Promise<void> {
  return broken.kind === 'folder' ? onHost(broken) : inContainer(broken, terminal)
}

function onHost({ dir, env }: Extract<Broken, { kind: 'folder' }>): Promise<void> {
  return new Promise((resolve, reject) => {
    const shell = spawn('bash', ['--norc'], { cwd: dir, env: { ...env, ...terminalEnv() }, stdio: 'inherit' })
    shell.once('error', reject).once('exit', () => resolve())
  })
}

async function inContainer({ engine, id, user, dir, env }: Extract<Broken, { kind: 'container' }>, terminal: Terminal) {
  const isTty = terminal.tty !== undefined
  const exec = await engine.ask((docker) =>
    docker.getContainer(id).exec({
      Cmd: ['bash', '--norc'],
      User: user,
      WorkingDir: dir,
      Env: [...env, ...Object.entries(terminalEnv()).map(([name, value]) => `${name}=${value}`)],
      Tty: isTty,
      AttachStdin: true,
      AttachStdout: true,
      AttachStderr: true,
    }),
  )
  const connection: Duplex = await engine.ask(() => exec.start({ hijack: true, stdin: true, Tty: isTty }))
  const unsize = keepSize(terminal, (size) => exec.resize(size))
  await pump(connection, terminal).catch(() => {}) // somebody has ended the container
  unsize()
}

function terminalEnv(): Record<string, string> {
  return { TERM: process.env.TERM ?? 'xterm', PS1: 'build:\\w\\$ ' }
}
