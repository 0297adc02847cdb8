/** Signatures of OpenPGP keys, by gpg in a home of its own that holds the operator's list and nothing else. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { judge, parseStatus } from './gpgStatus.ts'
import type { Programs } from './program.ts'
import { plain, type SignedCommit } from './signed.ts'
import { type List, refused, type Verdict } from './verdict.ts'

/** No settings, agent, network or web of trust: who is on the list counts, and nobody else. */
const ALONE = [
  '--no-options',
  '--batch',
  '--no-tty',
  '--quiet',
  '--no-autostart',
  '--disable-dirmngr',
  '--no-auto-key-retrieve',
  '--no-auto-key-locate',
  '--no-auto-check-trustdb',
  '--trust-model',
  'always',
  '--status-fd',
  '1',
]

export class Keyring {
  readonly #programs: Programs
  readonly #list: List
  readonly #home: string
  #imported: Promise<string | null> | undefined

  /** `home`: an empty folder of mode 0700, this keyring's alone. */
  constructor(programs: Programs, list: List, home: string) {
    this.#programs = programs
    this.#list = list
    this.#home = home
  }

  /** Throws ProgramFailed. One after the other: they share a file. */
  async verify({ payload, signature }: SignedCommit): Promise<Verdict> {
    this.#imported ??= this.#import()
    const problem = await this.#imported
    if (problem !== null) return refused(problem)
    const file = join(this.#home, 'signature')
    writeFileSync(file, signature, { mode: 0o600 })
    const { code, stdout } = await this.#gpg(['--verify', file, '-'], payload)
    return judge(stdout, code, this.#list.path)
  }

  async #import(): Promise<string | null> {
    const { code, stdout, stderr } = await this.#gpg(['--import'], this.#list.content)
    const count = Number(parseStatus(stdout).find(({ word }) => word === 'IMPORT_RES')?.args[0])
    if (code === 0 && count > 0) return null
    const said = plain(
      stderr.split('\n').find((line) => /error|invalid|no valid|skip/i.test(line)) ?? stderr.split('\n')[0] ?? '',
    )
    return `cannot be verified: the list ${this.#list.path} cannot be imported as a whole (gpg says: ${said || `exit code ${code}`}).`
  }

  #gpg(args: string[], input: Buffer) {
    return this.#programs.run('gpg', ['--homedir', this.#home, ...ALONE, ...args], this.#home, input)
  }
}

/** Why a list is no list, or null. */
export function keyringProblem({ content }: List): string | null {
  const text = content.toString('latin1')
  if (text.trim() === '') return 'is empty'
  if (text.includes('PRIVATE KEY BLOCK'))
    return 'holds a private key, which is nobody’s business but its owner’s: export the public ones alone'
  return text.includes('-----BEGIN PGP PUBLIC KEY BLOCK-----')
    ? null
    : 'holds no OpenPGP keys in ASCII armour (gpg --armor --export)'
}
