/** People who sign commits, with real keys of ssh and OpenPGP, made for one test. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Repo } from './repo.ts'

export interface Signer {
  /** Settings of the git that signs as this person, as arguments. */
  git: string[]
}

export interface SshSigner extends Signer {
  /** SHA256:… */
  fingerprint: string
  /** A line of an allowed_signers. */
  line(principal: string, options?: string): string
}

export interface GpgSigner extends Signer {
  fingerprint: string
  /** ASCII armour of the public key, as it is now. */
  armour(): string
  revoke(): void
}

/** Why there is no such program here, or null. */
export function programMissing(program: 'gpg' | 'ssh-keygen'): string | null {
  try {
    execFileSync(program, [program === 'gpg' ? '--version' : '-?'], { stdio: 'ignore' })
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'ENOENT')
      return `no ${program} on this machine (apt-get install ${program === 'gpg' ? 'gnupg' : 'openssh-client'})`
  }
  return null
}

/** A new commit of everything that is there, signed by this person; gives its id. */
export function commitAs(repo: Repo, signer: Signer, message = 'Signed'): string {
  repo.git('add', '--all')
  repo.git(...signer.git, 'commit', '--quiet', '--allow-empty', '-S', '-m', message)
  return repo.head()
}

/** A commit object with exactly this content, as the head of the branch that is checked out. */
export function commitRaw(repo: Repo, content: Buffer | string): string {
  const args = ['-C', repo.dir, 'hash-object', '-t', 'commit', '-w', '--literally', '--stdin']
  const id = execFileSync('git', args, { input: content, encoding: 'utf8' }).trim()
  repo.git('reset', '--quiet', '--soft', id)
  return id
}

/** The raw content of a commit. */
export function rawCommit(repo: Repo, id: string): Buffer {
  return execFileSync('git', ['-C', repo.dir, 'cat-file', 'commit', id])
}

export function sshSigner(dir: string, name: string): SshSigner {
  mkdirSync(dir, { recursive: true })
  const key = join(dir, name)
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', name, '-f', key])
  const [type, blob] = readFileSync(`${key}.pub`, 'utf8').split(' ')
  const shown = execFileSync('ssh-keygen', ['-l', '-f', key], { encoding: 'utf8' })
  return {
    git: ['-c', 'gpg.format=ssh', '-c', `user.signingkey=${key}`],
    fingerprint: shown.split(' ')[1] ?? '',
    line: (principal, options = '') => `${principal} ${options}${options === '' ? '' : ' '}${type} ${blob}\n`,
  }
}

/** Homes of gpg below `dir`, one a person. */
export class GpgPeople {
  readonly #dir: string
  readonly #homes: string[] = []

  constructor(dir: string) {
    this.#dir = dir
  }

  /** `at`: gpg's clock, as 20200101T000000, when the key is made and when it signs. `expires`: as gpg has it. */
  make(
    name: string,
    { at, expires = 'never', options = [] }: { at?: string; expires?: string; options?: string[] } = {},
  ): GpgSigner {
    const home = join(this.#dir, name)
    mkdirSync(home, { recursive: true, mode: 0o700 })
    this.#homes.push(home)
    const common = ['--homedir', home, '--batch', '--quiet', '--no-tty', ...(at === undefined ? [] : ['--faked-system-time', at])]
    const gpg = (args: string[], input = '') =>
      execFileSync('gpg', [...common, ...args], { encoding: 'utf8', input, stdio: ['pipe', 'pipe', 'ignore'] })
    gpg(['--passphrase', '', '--quick-generate-key', `${name} <${name.toLowerCase()}@example.com>`, 'ed25519', 'sign', expires])
    const fingerprint = /^fpr:+([0-9A-F]+):/m.exec(gpg(['--list-keys', '--with-colons']))?.[1] ?? ''
    const program = join(home, 'sign')
    const words = [...common, ...options].map((word) => `'${word}'`).join(' ')
    writeFileSync(program, `#!/bin/sh\nexec gpg ${words} "$@"\n`, { mode: 0o755 })
    return {
      git: ['-c', 'gpg.format=openpgp', '-c', `gpg.program=${program}`, '-c', `user.signingkey=${fingerprint}`],
      fingerprint,
      armour: () => gpg(['--armor', '--export', fingerprint]),
      revoke: () => {
        const made = readFileSync(join(home, 'openpgp-revocs.d', `${fingerprint}.rev`), 'utf8')
        // gpg puts a colon in front, so that nobody imports it by mistake.
        gpg(['--import'], made.replace(/^:(?=-----BEGIN)/m, ''))
      },
    }
  }

  /** Ends the agents that gpg has started. */
  close(): void {
    for (const home of this.#homes) execFileSync('gpgconf', ['--homedir', home, '--kill', 'all'])
  }
}
