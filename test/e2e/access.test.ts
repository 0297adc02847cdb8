/** What opens a repository, and who may change what runs from it. */
import { execFileSync } from 'node:child_process'
import { chmodSync, copyFileSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { AppStatus } from '../../src/domain.ts'
import { webApp } from '../support/apps.ts'
import { type GitHttp, startGitHttp } from '../support/githttp.ts'
import { overRuntimes } from '../support/kinds.ts'
import { need } from '../support/need.ts'
import { TestPlatform } from '../support/platform.ts'
import { commitAs, GpgPeople, programMissing, sshSigner } from '../support/signing.ts'
import { type Sshd, sshdMissing, startSshd } from '../support/sshd.ts'

const TOKEN = 'a-token-that-nobody-may-see-51c0'
const PASSWORD = 'a-password-that-nobody-may-see-9b2e'
const noSshd = sshdMissing()
const noKeygen = programMissing('ssh-keygen')
const noGpg = programMissing('gpg')

/** What no one may find anywhere: as it is, and as it is sent. */
const HIDDEN = [TOKEN, PASSWORD].flatMap((secret) => {
  const sent = ['x-access-token', 'ada'].map((name) => Buffer.from(`${name}:${secret}`).toString('base64'))
  return [secret, ...sent]
})

overRuntimes(
  (kind) => {
    let platform: TestPlatform
    let byToken: GitHttp
    let byPassword: GitHttp
    let sshd: Sshd | undefined
    let people: GpgPeople
    let privateKey = ''
    const at = (name: string) => join(platform.dir, name)
    const isLive = ({ status }: AppStatus) => status === 'Live'

    beforeAll(async () => {
      platform = await TestPlatform.make({ kind })
      people = new GpgPeople(at('gpg'))
      const tls = certificate(platform.dir)
      byToken = await startGitHttp(platform.dir, { tls, auth: { username: 'x-access-token', password: TOKEN } })
      byPassword = await startGitHttp(platform.dir, { tls, auth: { username: 'ada', password: PASSWORD } })
      if (!noSshd) {
        sshd = await startSshd(at('sshd'))
        copyFileSync(at('sshd/user'), at('deploy key'))
        chmodSync(at('deploy key'), 0o600)
        privateKey = readFileSync(at('deploy key'), 'utf8').split('\n')[2] ?? ''
      }
      for (const name of ['token', 'basic', 'ssh', 'signed', 'sealed', 'tagged']) platform.repo(name)
      platform.configure({
        env: { HIDDEN_TOKEN: TOKEN, HIDDEN_PASSWORD: PASSWORD, GIT_SSL_CAINFO: at('cert') },
        extra: {
          poll: '1s',
          // By host, for those that name none.
          // biome-ignore lint/suspicious/noTemplateCurlyInString: it is what the operator writes
          git: { credentials: { [new URL(byToken.url).host]: { token: '${HIDDEN_TOKEN}' } } },
        },
        apps: [
          { name: 'token', repo: `${byToken.url}/token/.git` },
          {
            name: 'basic',
            repo: `${byPassword.url}/basic/.git`,
            // biome-ignore lint/suspicious/noTemplateCurlyInString: it is what the operator writes
            auth: { username: 'ada', password: '${HIDDEN_PASSWORD}' },
          },
          ...(sshd
            ? [{ name: 'ssh', repo: `${sshd.url}${at('ssh')}`, auth: { key: './deploy key', knownHosts: './sshd/known_hosts' } }]
            : []),
          { name: 'signed', repo: './signed', verify: { signers: './allowed_signers', commits: 'every' } },
          { name: 'sealed', repo: './sealed', verify: { keyring: './keys.asc' } },
          { name: 'tagged', repo: './tagged', tag: 'v*' },
        ],
      })
      await platform.up()
    })

    afterAll(async () => {
      await byToken?.close()
      await byPassword?.close()
      await sshd?.close()
      people?.close()
      await platform?.strike()
    })

    it('https with a token of its host, or a password of its own, which are seen nowhere', async () => {
      const seen = watchProcesses()
      for (const name of ['token', 'basic']) {
        const repo = platform.openRepo(name)
        await platform.live(name, repo.write(webApp(`by ${name}`)).commit('First'))
        await platform.live(name, repo.write({ 'text.txt': `${name} again` }).commit('Second'))
        expect(await platform.says(name)).toBe(`${name} again`)
      }
      const commands = seen()
      expect(commands.some((command) => command.includes('git\0') && command.includes('fetch'))).toBe(true)
      expect(commands.filter(holdsHidden)).toEqual([])
      await nothingShown()
    })

    it('ssh with a key and known hosts; another host key is refused, and what runs stays', async (context) => {
      need(context, 'sshd', noSshd)
      const seen = watchProcesses()
      const repo = platform.openRepo('ssh')
      const first = repo.write(webApp('over ssh')).commit('First')
      await platform.live('ssh', first)
      const known = readFileSync(at('sshd/known_hosts'), 'utf8')
      const stranger = readFileSync(at('sshd/stranger.pub'), 'utf8')
      writeFileSync(at('sshd/known_hosts'), `${known.split(' ')[0]} ${stranger}`)
      const refused = await platform.when('ssh', ({ failure }) => failure?.message.includes('host key') ?? false)
      expect(refused).toMatchObject({ failure: { code: 'SourceUnreachable' }, serving: { commit: first } })
      expect(refused.failure?.message).toMatch(/has changed \(line 1 of .*known_hosts.*SHA256:.*ssh-keygen -R/s)
      writeFileSync(at('sshd/known_hosts'), known)
      const second = repo.write({ 'text.txt': 'known again' }).commit('Second')
      await platform.live('ssh', second)
      expect(await platform.says('ssh')).toBe('known again')
      const commands = seen()
      expect(commands.some((command) => command.includes('IdentityFile'))).toBe(true)
      expect(commands.filter((command) => command.includes(privateKey))).toEqual([])
      await nothingShown()
    })

    it('only what somebody on the list has signed is built; the release before it serves', async (context) => {
      need(context, 'ssh-keygen', noKeygen)
      const [alice, mallory] = ['alice', 'mallory'].map((name) => sshSigner(at('keys'), name))
      if (!alice || !mallory) throw new Error('nobody')
      const repo = platform.openRepo('signed')
      const list = at('allowed_signers')

      // Without a list nobody is on it.
      const first = commitAs(repo.write(webApp('one')), alice, 'One')
      expect((await platform.failed('signed', first)).failure).toMatchObject({ code: 'Untrusted' })
      writeFileSync(list, alice.line('alice@example.com', 'namespaces="git"'))
      await platform.when('signed', isLive)
      expect(await platform.says('signed')).toBe('one')

      const unsigned = repo.write({ 'text.txt': 'unsigned' }).commit('Unsigned')
      const none = await platform.failed('signed', unsigned)
      expect(none).toMatchObject({ failure: { code: 'Untrusted' }, serving: { commit: first } })
      expect(none.failure.message).toMatch(/trimtab tests.*is not signed.*allowed_signers/s)

      const hers = commitAs(repo.write({ 'text.txt': 'hers' }), mallory, 'Hers')
      const unknown = await platform.failed('signed', hers)
      expect(unknown.failure.message).toContain(mallory.fingerprint)
      expect(await platform.says('signed')).toBe('one')

      // Her commit is still between the deployed one and this one.
      const after = commitAs(repo.write({ 'text.txt': 'after' }), alice, 'After')
      expect((await platform.failed('signed', after)).failure.message).toContain(`comes with`)
      repo.git('reset', '--quiet', '--hard', first)
      const second = commitAs(repo.write({ 'text.txt': 'two' }), alice, 'Two')
      await platform.live('signed', second)
      expect(await platform.says('signed')).toBe('two')
      for (const commit of [unsigned, hers, after]) {
        const story = await platform.story('signed', commit)
        expect(story.filter((type) => /^(Build|Release|Rollout|Instance)(?!.*Failed)/.test(type))).toEqual([])
      }

      // What the list says is looked at again, also for what is live.
      writeFileSync(list, mallory.line('mallory@example.com'))
      const dropped = await platform.when('signed', ({ status }) => status === 'Failed')
      expect(dropped).toMatchObject({ failure: { code: 'Untrusted' }, serving: { commit: second } })
      expect(await platform.says('signed')).toBe('two')
      writeFileSync(list, alice.line('alice@example.com'))
      await platform.when('signed', isLive)
    })

    it('the same with OpenPGP, after a restart too', async (context) => {
      need(context, 'gpg', noGpg)
      const alice = people.make('Alice')
      const bob = people.make('Bob')
      writeFileSync(at('keys.asc'), alice.armour())
      const repo = platform.openRepo('sealed')
      const first = commitAs(repo.write(webApp('one')), alice, 'One')
      await platform.live('sealed', first)
      const revoked = commitAs(repo.write({ 'text.txt': 'bobs' }), bob, 'Bobs')
      expect((await platform.failed('sealed', revoked)).failure.message).toContain(bob.fingerprint)
      bob.revoke()
      writeFileSync(at('keys.asc'), `${alice.armour()}\n${bob.armour()}`)
      await platform.when('sealed', ({ failure }) => /Bob <bob@example\.com>.*revoked/.test(failure?.message ?? ''))
      await platform.end()
      await platform.up()
      expect(await platform.failed('sealed', revoked)).toMatchObject({
        failure: { code: 'Untrusted' },
        serving: { commit: first },
      })
      expect(await platform.says('sealed')).toBe('one')
      const second = commitAs(repo.write({ 'text.txt': 'two' }), alice, 'Two')
      await platform.live('sealed', second)
      expect(await platform.says('sealed')).toBe('two')
    })

    it('the tag of the highest version, as tags come, and go', async () => {
      const repo = platform.openRepo('tagged')
      const one = repo.write(webApp('v1')).commit('One')
      repo.git('tag', 'v1.0.0')
      await platform.live('tagged', one)
      // On the branch alone, and a prerelease.
      repo.write({ 'text.txt': 'not yet' }).commit('Not yet')
      repo.git('tag', 'v2.0.0-rc.1')
      const two = repo.write({ 'text.txt': 'v2' }).commit('Two')
      repo.git('tag', '-a', '-m', 'Two', 'v2.0.0')
      await platform.live('tagged', two)
      expect(await platform.says('tagged')).toBe('v2')
      repo.git('tag', '-d', 'v2.0.0')
      await platform.live('tagged', one)
      expect(await platform.says('tagged')).toBe('v1')
    })

    /** Neither on the disk, nor in what is told. */
    async function nothingShown(): Promise<void> {
      expect(filesWithHidden(platform.state)).toEqual([])
      const told = [
        platform.output,
        JSON.stringify(await platform.events()),
        JSON.stringify(await platform.client.status()),
        JSON.stringify(await platform.client.plan()),
      ]
      expect(told.filter(holdsHidden)).toEqual([])
    }

    function holdsHidden(text: string): boolean {
      return HIDDEN.some((secret) => text.includes(secret)) || (privateKey !== '' && text.includes(privateKey))
    }

    function filesWithHidden(dir: string): string[] {
      const files = readdirSync(dir, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
      return files.map((entry) => join(entry.parentPath, entry.name)).filter((file) => holdsHidden(read(file)))
    }
  },
  ['process'],
)

/** Looks at the arguments of every process, again and again; gives a function that ends it and tells what was seen. */
function watchProcesses(): () => string[] {
  const seen = new Set<string>()
  const timer = setInterval(() => {
    for (const pid of readdirSync('/proc')) if (/^\d+$/.test(pid)) seen.add(read(`/proc/${pid}/cmdline`))
  }, 5)
  return () => {
    clearInterval(timer)
    return [...seen]
  }
}

/** '' for what has gone meanwhile. */
function read(file: string): string {
  try {
    return readFileSync(file, 'latin1')
  } catch {
    return ''
  }
}

function certificate(dir: string): { key: string; cert: string } {
  const [key, cert] = [join(dir, 'tls-key'), join(dir, 'cert')]
  const subject = ['-subj', '/CN=test', '-addext', 'subjectAltName=IP:127.0.0.1']
  const made = ['-newkey', 'rsa:2048', '-nodes', '-days', '1', ...subject, '-keyout', key, '-out', cert]
  execFileSync('openssl', ['req', '-x509', ...made], { stdio: 'ignore' })
  return { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') }
}
