/** A real sshd on loopback, for the user that runs the test, with keys of its own. */
import { execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { userInfo } from 'node:os'
import { join } from 'node:path'

export interface Sshd {
  port: number
  /** ssh://user@127.0.0.1:port, without a slash at the end; an absolute path follows. */
  url: string
  /** To be given as GIT_SSH_COMMAND: this server's key, and nothing of the user's own ssh settings. */
  command: string
  /** The same without a key that the server takes. */
  strangersCommand: string
  close(): Promise<void>
}

/** Why no sshd can be started here, or null. */
export function sshdMissing(): string | null {
  if (!existsSync('/usr/sbin/sshd')) return 'no sshd on this machine (apt-get install openssh-server)'
  const { shell, username } = userInfo()
  if (/nologin|false/.test(shell ?? '')) return `the user ${username} has no login shell`
  try {
    execFileSync('ssh', ['-V'], { stdio: 'ignore' })
    execFileSync('ssh-keygen', ['-?'], { stdio: 'ignore' })
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return 'no ssh on this machine (apt-get install openssh-client)'
  }
  return null
}

/** Starts one with everything it needs in the folder `dir` (created). */
export async function startSshd(dir: string): Promise<Sshd> {
  mkdirSync(dir, { recursive: true, mode: 0o700 })
  // Where sshd, started as root, puts itself while it knows no user yet; Debian makes it only when its service starts.
  if (process.getuid?.() === 0) mkdirSync('/run/sshd', { recursive: true, mode: 0o755 })
  for (const name of ['host', 'user', 'stranger']) {
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(dir, name)])
  }
  const port = await freePort()
  writeFileSync(join(dir, 'authorized_keys'), readFileSync(join(dir, 'user.pub')), { mode: 0o600 })
  writeFileSync(join(dir, 'known_hosts'), `[127.0.0.1]:${port} ${readFileSync(join(dir, 'host.pub'), 'utf8')}`)
  const config = [
    `ListenAddress 127.0.0.1:${port}`,
    `HostKey ${join(dir, 'host')}`,
    `AuthorizedKeysFile ${join(dir, 'authorized_keys')}`,
    'PidFile none',
    'UsePAM no',
    'StrictModes no',
    'PasswordAuthentication no',
    'KbdInteractiveAuthentication no',
    'PermitRootLogin prohibit-password',
  ]
  writeFileSync(join(dir, 'sshd_config'), `${config.join('\n')}\n`)
  const child = spawn('/usr/sbin/sshd', ['-D', '-e', '-f', join(dir, 'sshd_config')], { stdio: ['ignore', 'ignore', 'pipe'] })
  let said = ''
  child.stderr.on('data', (chunk: Buffer) => {
    said += chunk.toString()
  })
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()))
  await answering(port, () => {
    if (child.exitCode !== null) throw new Error(`sshd did not start: ${said}`)
  })
  const client = (key: string) =>
    `ssh -F none -i '${join(dir, key)}' -oIdentitiesOnly=yes -oIdentityAgent=none -oUserKnownHostsFile='${join(dir, 'known_hosts')}'`
  return {
    port,
    url: `ssh://${userInfo().username}@127.0.0.1:${port}`,
    command: client('user'),
    strangersCommand: client('stranger'),
    close: () => {
      child.kill()
      return ended
    },
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0))
    })
  })
}

async function answering(port: number, check: () => void): Promise<void> {
  const tryOnce = () =>
    new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1')
      socket
        .once('data', () => resolve(true))
        .once('error', () => resolve(false))
        .once('close', () => resolve(false))
      socket.once('data', () => socket.destroy())
    })
  for (;;) {
    check()
    if (await tryOnce()) return
    await new Promise((resolve) => setImmediate(resolve))
  }
}
