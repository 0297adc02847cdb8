import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, expect, test, vi } from 'vitest'
import { failureOf, imageOf, pack } from '../world.ts'
import { run } from './run.ts'
import { type World, world } from './world.ts'

afterEach(() => vi.unstubAllEnvs())

/** What a command in a finished image prints. */
async function shown(w: World, image: { ref: string }, line: string): Promise<string> {
  const ran = await run(w, image, ['-c', line])
  await ran.exit
  return ran.output()
}

test('a step sees what every build is given, and nothing of the platform; none of it is in the image', async (context) => {
  vi.stubEnv('PLATFORM_TOKEN', 'top-secret-value')
  const proxy = 'http://user:proxy-secret@proxy.example.com:3128'
  const w = await world(context, {
    builds: { concurrency: 1, timeoutMs: 60_000, env: { HTTPS_PROXY: proxy, MIRROR: 'mirror-secret' } },
  })
  const ca = join(w.root, 'ca.pem')
  await writeFile(ca, 'certificate-of-the-house\n')
  w.builder.configure({
    builds: { concurrency: 1, timeoutMs: 60_000, ca, env: { HTTPS_PROXY: proxy, MIRROR: 'mirror-secret' } },
    stack: { image: w.stack },
    registries: { 'registry.example.com': { username: 'u', password: 'registry-secret' } },
  })
  const compile = 'env -0 | sort -z | tr "\\0" "\\n"; cat "$PIP_CERT"; echo "NAME is $(cat "$3/NAME")"'
  const plan = await w.plan(pack(compile), { settings: { env: { NAME: 'of the app' } } })
  const image = imageOf(await w.build(plan))
  const text = await w.log(plan)
  expect(text).toContain(`HTTPS_PROXY=${proxy}\n`)
  expect(text).toContain('certificate-of-the-house\nNAME is of the app\n')
  expect(text).not.toMatch(/top-secret-value|registry-secret/)
  const names = [...text.matchAll(/^([A-Za-z_]\w*)=/gm)].map((match) => match[1])
  const ours = ['HOME', 'LANG', 'PATH', 'STACK', 'TMPDIR', 'HTTPS_PROXY', 'MIRROR']
  const contract = ['SOURCE_VERSION', 'BUILDPACK_LOG_FILE', 'SOURCE_DATE_EPOCH']
  const trust = [
    'CURL_CA_BUNDLE',
    'GIT_SSL_CAINFO',
    'NODE_EXTRA_CA_CERTS',
    'PIP_CERT',
    'REQUESTS_CA_BUNDLE',
    'SSL_CERT_FILE',
    'npm_config_cafile',
  ]
  expect([...ours, ...contract, ...trust, 'CARGO_HTTP_CAINFO', 'PWD', 'SHLVL', '_', 'OLDPWD']).toEqual(
    expect.arrayContaining(names),
  )
  expect(text).toContain('\nSTACK=container\n')

  const { docker } = w.engine
  const said = JSON.stringify([await docker.getImage(image.ref).inspect(), await docker.getImage(image.ref).history()])
  const files = await shown(w, image, 'env; find /app -type f -print0 | xargs -0 cat; ls -a /tmp /var/tmp')
  for (const secret of ['secret', 'proxy.example.com', 'certificate-of-the-house', 'of the app']) {
    expect(said).not.toContain(secret)
    expect(files).not.toContain(secret)
  }
})

test('a step is the app’s user, without privileges, without the engine, and cannot reach the driver or other builds', async (context) => {
  const w = await world(context)
  const compile = `
    id -u; id -G; grep -E "Cap|NoNewPrivs" /proc/self/status
    ls /var/run/docker.sock /run/docker.sock 2>&1
    cat /proc/1/environ 2>&1 | head -c 100; ls /proc/1/fd 2>&1; kill -9 1 2>&1
    su -c id 2>&1; touch /etc/evil 2>&1; mount -t tmpfs x /mnt 2>&1
    tr '\\0' ' ' < /proc/1/cmdline; true`
  const plan = await w.plan(pack(compile))
  imageOf(await w.build(plan))
  const text = await w.log(plan)
  expect(text).toMatch(/\n1000\n1000\n/)
  for (const set of ['Inh', 'Prm', 'Eff', 'Bnd', 'Amb']) expect(text).toMatch(new RegExp(`^Cap${set}:\\s+0+$`, 'm'))
  expect(text).toMatch(/^NoNewPrivs:\s+1$/m)
  expect(text.match(/No such file or directory/g)?.length).toBeGreaterThanOrEqual(2)
  expect(text).toMatch(/\/proc\/1\/environ: Permission denied/)
  expect(text).toMatch(/\/proc\/1\/fd'?: Permission denied/)
  expect(text).toContain('Operation not permitted')
  expect(text).toMatch(/\/etc\/evil'?: Permission denied/)
  expect(text).not.toMatch(/uid=0/)
  expect(text).toContain('\n/bin/bash ')
})

test('builds do not reach one another', async (context) => {
  const w = await world(context)
  const serve = `require('http').createServer((q, s) => { s.end('reached'); setTimeout(() => process.exit(), 100) }).listen(9999, () => console.log('address ' + Object.values(require('os').networkInterfaces()).flat().find((one) => !one.internal).address))`
  const listening = await w.plan(pack(`timeout 60 node -e "${serve}"`), { app: 'listener' })
  w.builder.want('listener', listening)
  const address = await vi.waitFor(async () => {
    const [, found] = /address (\S+)/.exec(await w.log(listening)) ?? []
    if (found === undefined) throw new Error('not yet')
    return found
  }, 20_000)
  // It is answered on its own address, so it is the network that keeps the other one out.
  const caller = await w.plan(pack(`curl -sS -m 2 http://${address}:9999 2>&1; true`), { app: 'caller' })
  imageOf(await w.build(caller))
  expect(await w.log(caller)).not.toContain('reached')
  expect(await w.log(caller)).toMatch(/timed out|Connection timeout/i)
  const [{ Id = '' } = {}] = (await w.engine.docker.listContainers()).filter(({ Names }) =>
    Names[0]?.endsWith(listening.key.slice(0, 12)),
  )
  const exec = await w.engine.docker.getContainer(Id).exec({ Cmd: ['curl', '-sS', `http://${address}:9999`], AttachStdout: true })
  const said = await exec.start({})
  expect(await new Promise((resolve) => said.once('data', (data: Buffer) => resolve(data.toString())))).toContain('reached')
})

test('a build that writes outside of /app fails, and says what it wrote', async (context) => {
  const w = await world(context)
  const failure = failureOf(
    await w.build(await w.plan(pack('mkdir -p /run/lock/mine; echo x > /run/lock/mine/file; echo y > /run/lock/two'))),
  )
  expect(failure).toMatchObject({ code: 'BuildFailed', retry: false })
  expect(failure.message).toMatch(/outside of \/app[\s\S]*\n {2}\/run\/lock\/mine\/file\n {2}\/run\/lock\/two\n/)
  // Where everybody may write is a volume of the build's own.
  imageOf(await w.build(await w.plan(pack('echo x > /tmp/x; echo y > /var/tmp/y; echo z > /dev/shm/z'))))
})

test('what a step leaves running is ended before the next one, wherever it has gone', async (context) => {
  const w = await world(context)
  const left =
    '(setsid bash -c "trap \\"\\" TERM HUP; while :; do date >> $1/late; sleep 0.01; done" > /dev/null 2>&1 &) ; sleep 0.2'
  const release =
    'ps -eo pid,user,args --no-headers | grep -v -e " ps -eo" -e "bin/release" -e "grep" >&2; wc -c < "$1/late" > "$1/size"; echo "{}"'
  const plan = await w.plan(pack(left, { release }))
  const image = imageOf(await w.build(plan))
  const running = (await w.log(plan)).split('\n').filter((line) => /^ *\d+ /.test(line))
  expect(running.filter((line) => /date|setsid|trap/.test(line))).toEqual([])
  expect(await shown(w, image, 'wc -c < late | cmp - size && echo same')).toBe('same\n')
})

test('nothing that a step says is taken for the driver’s word', async (context) => {
  const w = await world(context)
  const forge = `for n in "$(printf '0%.0s' {1..32})" 0 ''; do printf '\\0%s 0\\0' "$n"; printf '\\0%s 0\\0' "$n" >&2; done; echo said; exit 7`
  const plan = await w.plan(pack(forge))
  expect(failureOf(await w.build(plan)).message).toContain('bin/compile exited with 7')
  expect(await w.log(plan)).toContain('said\n')
})

test.for<[string, string, Record<string, string>]>([
  [
    'of the repository',
    'true',
    { '.trimtab/launch': 'echo evil', '.trimtab/processes/web': 'echo evil', '.trimtab/processes/mine': 'echo evil' },
  ],
  [
    'of a buildpack',
    'mkdir -p "$1/.trimtab/processes"; echo "echo evil" | tee "$1/.trimtab/launch" "$1/.trimtab/processes/"{web,more}; chmod 0 "$1/.trimtab"',
    {},
  ],
  ['that is a link', 'mkdir /tmp/elsewhere; ln -s /tmp/elsewhere "$1/.trimtab"', {}],
  ['with links in it', 'mkdir "$1/.trimtab"; ln -s /etc/passwd "$1/.trimtab/launch"; ln -s /etc "$1/.trimtab/processes"', {}],
])('a .trimtab %s has no say in what the image runs', async ([, compile, files], context) => {
  const w = await world(context)
  const tree = { ...pack(compile), ...files, Procfile: 'web: echo good\n' }
  const image = imageOf(await w.build(await w.plan(tree)))
  const web = await run(w, image)
  expect([await web.exit, web.output()]).toEqual([0, 'good\n'])
  const more = await run(w, image, ['mine'])
  expect(await more.exit).not.toBe(0)
  expect(await shown(w, image, 'ls .trimtab/processes; stat -c %U .trimtab/launch; head -1 /etc/passwd')).toBe(
    'web\nroot\nroot:x:0:0:root:/root:/bin/bash\n',
  )
})
