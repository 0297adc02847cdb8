import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { buildsNetwork } from '../../../src/build/container/spec.ts'
import type { Tree } from '../../support/dirsource.ts'
import { failureOf, imageOf } from '../world.ts'
import { answer, run } from './run.ts'
import { type World, world } from './world.ts'

const ROOT = join(import.meta.dirname, '../../..')
const RELEASE = { SOURCE_VERSION: '0123456789abcdef', RELEASE_VERSION: 'v7' }
const SLOW = 300_000
const BUILDS = { builds: { concurrency: 2, timeoutMs: 180_000, env: {} } }

/** A composer.json and the lock file that belongs to it. */
function composer(json: Record<string, unknown>, packages: unknown[] = [], more: Record<string, unknown> = {}): Tree {
  const relevant = ['extra', 'name', 'repositories', 'require', 'require-dev'].filter((key) => key in json)
  const text = JSON.stringify(Object.fromEntries(relevant.map((key) => [key, json[key]]))).replaceAll('/', '\\/')
  const lock = { packages, 'packages-dev': [], 'content-hash': createHash('md5').update(text).digest('hex'), ...more }
  return { 'composer.json': JSON.stringify(json), 'composer.lock': JSON.stringify(lock) }
}

/** A package of one class. */
function packed({ root }: World, text: string): Buffer {
  const dir = join(root, 'words')
  mkdirSync(join(dir, 'src'), { recursive: true })
  writeFileSync(join(dir, 'composer.json'), '{"name": "acme/words"}')
  writeFileSync(join(dir, 'src/Words.php'), text)
  return execFileSync('tar', ['-c', '-C', dir, 'composer.json', 'src'])
}

/** An address of this machine that builds can reach. */
async function gateway({ engine: { docker }, platform }: World): Promise<string> {
  const { IPAM } = await docker.getNetwork(buildsNetwork(platform)).inspect()
  return IPAM?.Config?.[0]?.Gateway ?? '127.0.0.1'
}

test(
  'the example: its class is loaded, what is no file goes to index.php, what is hidden is not there',
  async (context) => {
    const w = await world(context, BUILDS)
    const commit = await w.source.commitFolder(join(ROOT, 'examples/php'))
    const plan = await w.plan(commit, { app: 'php' })
    const image = imageOf(await w.build(plan))
    const version = /^\d+\.\d+\.\d+/
    expect(image).toMatchObject({
      processTypes: { web: 'heroku-php-nginx public/' },
      materials: { versions: { php: expect.stringMatching(version), composer: expect.stringMatching(version) } },
    })
    expect(await w.log(plan)).toMatch(
      /Using PHP 8\.\d+\.\d+ of the stack\n {7}asked for: >=8\.1 \(composer\.json\)\n-----> Using Composer 2/,
    )

    const ran = await run(w, image, [], { ...RELEASE, WEB_CONCURRENCY: '3' })
    expect(await answer(ran)).toBe('Hello from PHP, v7, commit 0123456789ab\n')
    expect(ran.output()).toContain(': 3 at a time, serving /app/public on port 5000')
    expect(await answer(ran, '/some/where?x=1')).toContain('Hello from PHP')
    const url = await ran.url()
    for (const path of ['/.user.ini', '/.git/config', '/none.php']) expect((await fetch(url + path)).status).not.toBe(200)

    // Only what runs the app is in it: no composer cache, and the same files for the same commit.
    const listed = await run(w, image, ['-c', 'cd /app; find . -type f | sort | head -100; du -s . | cut -f1'])
    await listed.exit
    expect(listed.output()).not.toMatch(/cache|\.phar/)
    expect(Number(listed.output().trim().split('\n').at(-1))).toBeLessThan(400)
  },
  SLOW,
)

test(
  'SIGTERM to all of them: an answer under way is finished, then both servers end',
  async (context) => {
    const w = await world(context, BUILDS)
    const page = '<?php error_log("begins"); if (isset($_GET["slow"])) usleep(1500000); echo "done ", ini_get("memory_limit");'
    const image = imageOf(
      await w.build(await w.plan({ 'index.php': page, '.user.ini': 'memory_limit = 99M', 'vendor/x.txt': 'x' })),
    )
    expect(image).toMatchObject({ processTypes: { web: 'heroku-php-nginx' } })
    const ran = await run(w, image, ['-c', 'setsid --wait heroku-php-nginx'])
    expect(await answer(ran)).toBe('done 99M')
    const url = await ran.url()
    for (const path of ['/vendor/x.txt', '/.heroku/php/version', '/.trimtab/launch', '/.user.ini'])
      expect([path, (await fetch(url + path)).status]).toEqual([path, 404])
    const said = ran.output().split('begins').length
    const slow = fetch(`${url}/?slow=1`).then((response) => response.text())
    await expect.poll(() => ran.output().split('begins').length).toBe(said + 1)
    // As trimtab stops its instances: the signal goes to the whole group.
    const exec = await w.engine.docker
      .getContainer(ran.id)
      .exec({ Cmd: ['bash', '-c', 'kill -TERM -- "-$(pgrep -o -f bin/heroku-php-nginx)"'] })
    await exec.start({})
    expect(await slow).toBe('done 99M')
    expect(await ran.exit).toBe(0)
  },
  SLOW,
)

test(
  'packages: from a repository, then from the vendor/ that was kept, then from composer’s cache; a server that is away is told in one line',
  async (context) => {
    const w = await world(context, BUILDS)
    imageOf(await w.build(await w.plan({ 'index.html': '' }, { app: 'first' })))
    const archive = packed(w, '<?php namespace Acme; class Words { const HELLO = "hello"; }')
    let asked = 0
    const server = createServer((_, response) => {
      asked++
      response.end(archive)
    })
    const host = await gateway(w)
    await new Promise<void>((resolve) => server.listen(0, host, resolve))
    onTestFinished(() => void server.close())
    const port = (server.address() as { port: number }).port

    const autoload = (prefix: string) => ({ 'psr-4': { [prefix]: 'src/' } })
    const words = (url: string, version: string) => ({
      name: 'acme/words',
      version,
      dist: { type: 'tar', url: `${url}/words.tar`, reference: version },
      type: 'library',
      autoload: autoload('Acme\\'),
    })
    const local = {
      name: 'own/local',
      version: 'dev-main',
      dist: { type: 'path', url: 'packages/local' },
      type: 'library',
      autoload: autoload('Own\\'),
    }
    const tree = (url: string, version: string, text: string): Tree => ({
      ...composer(
        {
          repositories: [{ type: 'path', url: 'packages/*' }, { 'packagist.org': false }],
          require: { php: '^8.0', 'acme/words': '^1.0', 'own/local': 'dev-main' },
          autoload: { classmap: ['lib/'] },
          config: { 'secure-http': false },
          scripts: { compile: '@php -r "echo strrev(\'elipmoc eht\');"' },
        },
        [words(url, version), local],
        { 'stability-flags': { 'own/local': 20 } },
      ),
      'packages/local/composer.json': JSON.stringify({ name: 'own/local', version: 'dev-main', autoload: autoload('Own\\') }),
      'packages/local/src/Local.php': `<?php namespace Own; class Local { const TEXT = '${text}'; }`,
      'lib/Mine.php': '<?php class Mine { const X = "!"; }',
      'index.php': '<?php require "vendor/autoload.php"; echo Acme\\Words::HELLO, " ", Own\\Local::TEXT, Mine::X;',
    })

    const url = `http://${host}:${port}`
    const first = await w.plan(tree(url, '1.0.0', 'one'))
    expect(await answer(await run(w, imageOf(await w.build(first))))).toBe('hello one!')
    expect(await w.log(first)).toContain('the compile')
    expect(asked).toBe(1)
    server.close()

    const second = await w.plan(tree(url, '1.0.0', 'two'))
    expect(await answer(await run(w, imageOf(await w.build(second))))).toBe('hello two!')
    expect(await w.log(second)).toContain('vendor/ of the last build fits composer.lock')

    // A lock file that changed, with packages that composer has in its own cache.
    const changed = tree(url, '1.0.0', 'three')
    const third = await w.plan({ ...changed, 'composer.lock': `${changed['composer.lock']} ` })
    expect(await answer(await run(w, imageOf(await w.build(third))))).toBe('hello three!')
    expect(await w.log(third)).not.toContain('of the last build')

    // Another version, and nobody there to ask.
    const { code, message } = failureOf(await w.build(await w.plan(tree('http://127.0.0.1:9', '1.1.0', 'four'))))
    expect(code).toBe('BuildFailed')
    expect(message.split('\n')[0]).toMatch(/^The php buildpack failed: a server cannot be reached/)
    expect(message).toContain('composer install failed')
  },
  SLOW,
)

test(
  'what is wrong with composer.json, its lock file or the machine is told before anything is installed; versions are as composer reads them',
  async (context) => {
    const w = await world(context, BUILDS)
    const index = { 'index.php': '' }
    const cases: Array<[tree: Tree, says: RegExp[]]> = [
      [
        { ...index, 'composer.json': '{"require": {"acme/words": "1.*"}}' },
        [/there is no composer\.lock: acme\/words/, /composer update/],
      ],
      [
        { ...index, ...composer({ require: { 'acme/words': '1.*' } }), 'composer.json': '{"require": {"acme/other": "1.*"}}' },
        [/composer\.lock is out of date: composer\.json has changed since\. It lacks acme\/other/],
      ],
      [
        { ...index, 'composer.json': '{"require": {"php": "^7.4 || ~9.0"}}' },
        [/requires PHP \^7\.4 \|\| ~9\.0; the stack has: 8\.\d+\.\d+\n/],
      ],
      [{ ...index, 'composer.json': '{"require": {"php": "newest"}}' }, [/requires PHP "newest", which is no version/]],
      [
        {
          ...index,
          ...composer({ require: { 'ext-json': '*', 'ext-redis': '*', 'ext-apcu': '*', 'acme/polyfill': '*' } }, [
            {
              name: 'acme/polyfill',
              version: '1.0.0',
              provide: { 'ext-apcu': '*' },
              require: { 'ext-imagick': '*', php: '>=7' },
            },
          ]),
        },
        [/lacks extensions that the app requires: ext-imagick \(acme\/polyfill\), ext-redis \(composer\.json\)\n/],
      ],
      [{ ...index, 'composer.json': '{"require": {,}}' }, [/composer\.json is not valid JSON/]],
      [
        { ...index, 'composer.json': '{"scripts": {"compile": "@php -r \\"echo 12; exit(3);\\""}}' },
        [/12/, /The compile script of composer\.json failed/],
      ],
    ]
    for (const [tree, says] of cases) {
      const { code, message } = failureOf(await w.build(await w.plan(tree)))
      expect(code).toBe('BuildFailed')
      for (const one of says) expect(message).toMatch(one)
    }

    // Versions as composer.json writes them.
    const ranges = readFileSync(join(ROOT, 'buildpacks/php/lib/range.php'), 'utf8').replace('<?php', '')
    const ask =
      'foreach (json_decode(getenv("RANGES")) as [$version, $range]) $all[] = satisfies($version, $range); echo json_encode($all);'
    const compared = await run(w, { ref: w.stack }, ['php', '-r', `${ranges}\n${ask}`], { RANGES: JSON.stringify(RANGES) })
    await compared.exit
    const answers = JSON.parse(compared.output()) as unknown[]
    expect(RANGES.map(([version, range], at) => [version, range, answers[at]])).toEqual(RANGES)
  },
  SLOW,
)

test(
  'a Procfile that asks for Apache, where there is none: said in the log and when it runs; without nginx PHP’s own server answers',
  async (context) => {
    const w = await world(context, BUILDS)
    const plan = await w.plan({ 'index.php': '<?php echo "built-in";', Procfile: 'web: vendor/bin/heroku-php-apache2\n' })
    const image = imageOf(await w.build(plan))
    expect(await w.log(plan)).toContain('there is no Apache on the stack: that process will not start')
    const apache = await run(w, image, ['web'])
    expect([await apache.exit, apache.output()]).toEqual([
      1,
      'There is no Apache here. heroku-php-nginx takes its place, without .htaccess files.\n',
    ])
    // nginx and FPM are in /usr/sbin.
    const bare = await run(w, image, ['-c', 'PATH=/app/.heroku/php/bin:/usr/bin:/bin WEB_CONCURRENCY=2 heroku-php-nginx'])
    expect(await answer(bare)).toBe('built-in')
    const url = await bare.url()
    for (const path of ['/Procfile', '/.heroku/php/version', '/none.php'])
      expect([path, (await fetch(url + path)).status]).toEqual([path, 404])
    expect(bare.output()).toContain("PHP's built-in server answers")
  },
  SLOW,
)

const RANGES: Array<[version: string, range: string, fits: boolean | null]> = [
  ['8.2.36', '^8.1', true],
  ['8.2.36', '^8.3', false],
  ['8.2.36', '~8.1', true],
  ['8.2.36', '~8.1.0', false],
  ['8.2.36', '>=7.4 <8.2', false],
  ['8.2.36', '>= 7.4, < 8.3', true],
  ['8.2.36', '8.2.*', true],
  ['8.2.36', '8.*', true],
  ['8.2.36', '8.2', false],
  ['8.2.36', '7.4 - 8.2', true],
  ['8.2.36', '7.4 - 8.1', false],
  ['8.2.36', '^7.4 | ^8.2@dev', true],
  ['8.2.36', '!=8.2.36', false],
  ['8.2.36', '>8.2', true],
  ['8.2.36', '<=8.2', false],
  ['8.2.36', '*', true],
  ['8.2.36', '^8.2.0-beta1', true],
  ['0.3.5', '^0.3', true],
  ['0.4.0', '^0.3', false],
  ['8.2.36', 'eight', null],
  ['8.2.36', '', null],
]
