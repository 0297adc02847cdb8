import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Tree } from '../../support/dirsource.ts'
import { failureOf, imageOf } from '../world.ts'
import { gemServer } from './gemServer.ts'
import { answer, run } from './run.ts'
import { type World, world } from './world.ts'

const EXAMPLES = join(import.meta.dirname, '../../../examples')
const SLOW = 300_000

/** A Gemfile with these gems, and the lock file that Bundler makes of it. */
function bundled(gems: Record<string, string>): Tree {
  const lines = (indent: number, format: (name: string, version: string) => string) =>
    Object.entries(gems)
      .sort()
      .map(([name, version]) => ' '.repeat(indent) + format(name, version))
  const lock = [
    ...['GEM', '  remote: https://rubygems.org/', '  specs:', ...lines(4, (name, version) => `${name} (${version})`), ''],
    ...['PLATFORMS', '  ruby', '  x86_64-linux', '  aarch64-linux', '', 'DEPENDENCIES', ...lines(2, (name) => name), ''],
    ...['BUNDLED WITH', '   2.3.15', ''],
  ]
  const gemfile = ['source "https://rubygems.org"', ...lines(0, (name) => `gem "${name}"`)]
  return { Gemfile: `${gemfile.join('\n')}\n`, 'Gemfile.lock': lock.join('\n') }
}

async function built(w: World, tree: Tree, app = 'shop') {
  const plan = await w.plan(tree, { app })
  const began = performance.now()
  const end = await w.build(plan)
  return { image: imageOf(end), log: await w.log(plan), ms: performance.now() - began }
}

async function failed(w: World, tree: Tree, app = 'broken') {
  const plan = await w.plan(tree, { app })
  return { ...failureOf(await w.build(plan)), log: await w.log(plan) }
}

async function said(w: World, image: { ref: string }, line: string): Promise<string> {
  const ran = await run(w, image, ['-c', line])
  await ran.exit
  return ran.output()
}

test(
  'the example: no network, no rackup, its own gem',
  async (context) => {
    const w = await world(context, { builds: { concurrency: 1, timeoutMs: SLOW, env: {} } })
    const plan = await w.plan(await w.source.commitFolder(join(EXAMPLES, 'ruby')), { app: 'ruby' })
    const image = imageOf(await w.build(plan))
    expect(image.configVars).toMatchObject({ RACK_ENV: 'production' })
    const ran = await run(w, image, [], { RELEASE_VERSION: 'v7', SOURCE_VERSION: '0123456789abcdef' })
    expect(await answer(ran)).toBe('Hello from Ruby, v7, commit 0123456789ab\n')

    const tree: Tree = { ...bundled({}), 'config.ru': '' }
    expect((await failed(w, { ...tree, '.ruby-version': '2.7\n' })).message).toMatch(
      /\.ruby-version asks for Ruby ~> 2\.7\.0; the stack has: 3\.\d+\.\d+\n/,
    )
    const { 'Gemfile.lock': _, ...unlocked } = tree
    expect((await failed(w, unlocked)).message).toContain('There is no Gemfile.lock: which gems to install cannot be known.')
  },
  SLOW,
)

/** What is in the app's folder, and which of the Rubies 3.1.2 and 3.3.4 is taken for it, or why none. */
const VERSIONS: Array<[files: Record<string, string>, answer: string]> = [
  [{}, '3.1.2'],
  [{ '.ruby-version': 'ruby-3.3.4\n' }, '3.3.4'],
  [{ '.ruby-version': '# ours\n3.3\n' }, '3.3.4'],
  [{ Gemfile: 'ruby "~> 3.1"' }, '3.1.2'],
  [{ Gemfile: `ruby('>= 3.2', "< 4")` }, '3.3.4'],
  [{ Gemfile: 'ruby file: ".wanted"', '.wanted': '3.3.4' }, '3.3.4'],
  [{ '.tool-versions': 'nodejs 20.1.0\nruby 3.3.4\n' }, '3.3.4'],
  [{ Gemfile: 'ruby ">= 3.0"', 'Gemfile.lock': 'RUBY VERSION\n   ruby 3.3.4p94\n' }, '3.3.4'],
  [{ 'Gemfile.lock': 'RUBY VERSION\n   ruby 3.0.1p64\n' }, 'Gemfile.lock asks for Ruby 3.0.1; the stack has: 3.1.2 3.3.4'],
  [{ Gemfile: `ruby '9.9.9'` }, 'Gemfile asks for Ruby 9.9.9; the stack has: 3.1.2 3.3.4'],
  [{ Gemfile: 'ruby "3.1.2"', '.ruby-version': '3.3.4' }, 'Gemfile asks for Ruby 3.1.2; the stack has: 3.1.2 3.3.4'],
  [{ '.ruby-version': 'jruby-9.4\n' }, '.ruby-version asks for Ruby "jruby-9.4", which is no version that is to be had here.'],
  [{ Gemfile: 'ruby file: ".wanted"' }, 'Gemfile takes its Ruby from .wanted, and there is no such file.'],
]

test(
  'which Ruby is taken, by all that may ask for one',
  async (context) => {
    const { engine, stack } = await world(context)
    const read = `
      require "json"; require "tmpdir"; require "open3"
      cases = JSON.parse(ARGV[1])
      puts(cases.map { |files|
        Dir.mktmpdir { |dir|
          { "Gemfile" => "", "Gemfile.lock" => "" }.merge(files).each { |name, text| File.write(File.join(dir, name), text) }
          out, err, = Open3.capture3({ "PACK_PLACE" => "the stack", "PACK_REMEDY" => "Use another" },
            "ruby", "-e", ARGV[0], "3.1.2=/a", "3.3.4=/b", chdir: dir)
          (out + err).lines.first.sub(/^ ! +/, "").chomp
        }
      })`
    const program = readFileSync(join(import.meta.dirname, '../../../buildpacks/ruby/lib/version.rb'), 'utf8')
    const container = await engine.docker.createContainer({
      Image: stack,
      Cmd: ['ruby', '-e', read, program, JSON.stringify(VERSIONS.map(([files]) => files))],
      Tty: true,
      HostConfig: { NetworkMode: 'none' },
    })
    try {
      await container.start()
      await container.wait()
      const said = String(await container.logs({ stdout: true, stderr: true }))
      expect(said.trim().split(/\r?\n/)).toEqual(VERSIONS.map(([, answer]) => answer))
    } finally {
      await container.remove({ force: true, v: true })
    }
  },
  SLOW,
)

test(
  'gems from a registry: a native one, then from the cache, then another version; a registry that is away is told in one line',
  async (context) => {
    const w = await world(context, { builds: { concurrency: 1, timeoutMs: SLOW, env: {} } })
    const gems = await gemServer(w)
    const env = { BUNDLE_MIRROR__ALL: gems.url }
    w.builder.configure({ builds: { concurrency: 1, timeoutMs: SLOW, env }, registries: {}, stack: { image: w.stack } })
    // A gem of a group that is left out need not be there at all.
    const app = (shout: string, text: string): Tree => {
      const { Gemfile, 'Gemfile.lock': lock } = bundled({ native: '1.0.0', nowhere: '1.0.0', shout })
      return {
        Gemfile: String(Gemfile).replace('gem "nowhere"', 'gem "nowhere", group: :development'),
        'Gemfile.lock': String(lock),
        'hello.rb': `require "native"\nrequire "shout"\nputs Shout.out("${text}"), answer\n`,
        Procfile: 'web: bundle exec ruby hello.rb\n',
      }
    }

    const first = await built(w, app('1.0.0', 'one'))
    const web = await run(w, first.image)
    expect([await web.exit, web.output()]).toEqual([0, 'ONE 1.0.0\n42\n'])
    // As on Heroku, a gem's program is there without `bundle exec`.
    expect(await said(w, first.image, 'shout')).toBe('EXE 1.0.0\n')
    const files = await said(w, first.image, 'find /app -type f')
    expect(files).toContain('/native.so')
    expect(files).not.toMatch(/\.gem$|\.o$|mkmf\.log|gem_make\.out|compact_index/m)
    expect(gems.asked).toContain('/gems/native-1.0.0.gem')

    const before = gems.asked.length
    const second = await built(w, app('1.0.0', 'two'))
    console.log(
      `ruby: second build ${Math.round(second.ms)} ms of ${Math.round(first.ms)} ms: ${(second.ms / first.ms).toFixed(2)}`,
    )
    expect(second.log).toContain('The gems of the last build fit Gemfile.lock')
    expect(gems.asked).toHaveLength(before)

    // Another lock file: what is there is kept, what is not asked for any more goes.
    const third = await built(w, app('2.0.0', 'three'))
    expect(await said(w, third.image, 'bundle exec ruby hello.rb; ls vendor/bundle/ruby/*/gems')).toMatch(
      /^THREE 2\.0\.0\n42\nnative-1\.0\.0\nshout-2\.0\.0\n$/,
    )
    expect(gems.asked.slice(before)).not.toContain('/gems/native-1.0.0.gem')

    const stale = { ...bundled({ shout: '1.0.0' }), Gemfile: 'source "https://rubygems.org"\ngem "shout"\ngem "native"\n' }
    expect((await failed(w, stale)).message).toMatch(/frozen|deployment/)
    const native = await failed(w, bundled({ broken: '1.0.0' }))
    expect(native.message).toContain('libwhatever is missing')
    expect(native.message).not.toContain('process_queue')

    await gems.close()
    const away = await failed(w, app('1.0.0', 'x'), 'cold')
    expect(away.message.split('\n')[0]).toMatch(/a server cannot be reached: the connection was refused or timed out/)
    expect((await built(w, app('2.0.0', 'four'))).log).toContain('The gems of the last build')
  },
  SLOW,
)

test(
  'Rails by its lock file: assets are compiled where there is the task, with what they need; gems of vendor/cache need no network',
  async (context) => {
    const w = await world(context, { builds: { concurrency: 1, timeoutMs: SLOW, env: {} } })
    const gems = await gemServer(w)
    const vendored = async (...names: string[]): Promise<Tree> => {
      const entries = names.map(async (name) => {
        const response = await fetch(`${gems.url}/gems/${name}.gem`)
        return [`vendor/cache/${name}.gem`, { text: new Uint8Array(await response.arrayBuffer()), mode: 0o644 }]
      })
      return Object.fromEntries(await Promise.all(entries))
    }
    const rake = '13.0.6'
    const app: Tree = {
      ...bundled({ rake, railties: '7.0.0' }),
      ...(await vendored(`rake-${rake}`, 'railties-7.0.0')),
      'config/application.rb': '',
      'config.ru': '',
    }
    await gems.close()
    const task = (text: string): Tree => ({ ...app, Rakefile: `task("assets:precompile") { ${text} }\n` })

    // What is in tmp/cache/assets is there again for the next build, and not in the image.
    const cached = 'mkdir_p "tmp/cache/assets"; puts Dir["tmp/cache/assets/*"].inspect; touch "tmp/cache/assets/compiled"'
    const write =
      'mkdir_p "public/assets"; File.write("public/assets/app.css", ENV.values_at("RAILS_ENV", "SECRET_KEY_BASE_DUMMY").join(" "))'
    const first = await built(w, task(`${cached}; ${write}`))
    expect(first.image).toMatchObject({
      processTypes: { web: expect.stringContaining('rails server -b 0.0.0.0 -p $PORT -e $RAILS_ENV') },
      configVars: { RAILS_ENV: 'production', RAILS_SERVE_STATIC_FILES: 'enabled', RAILS_LOG_TO_STDOUT: 'enabled' },
    })
    expect(await said(w, first.image, 'cat public/assets/app.css; find vendor/cache tmp/cache 2> /dev/null')).toBe('production 1')
    expect(first.log).toContain('       []\n')
    expect((await built(w, task(cached))).log).toContain('       ["tmp/cache/assets/compiled"]\n')

    expect((await failed(w, task('abort "no such image: logo.png"'))).message).toMatch(
      /no such image: logo\.png[\s\S]*assets:precompile failed/,
    )
    expect((await built(w, { ...app, Rakefile: 'task(:other)\n' })).log).toContain('This app has no assets to compile.')
    const ready = { ...task('abort "asked"'), 'public/assets/.sprockets-manifest-1.json': '{}' }
    expect((await built(w, ready)).log).toContain('the assets are taken to be compiled already')
  },
  SLOW,
)
