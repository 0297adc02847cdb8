import { mkdirSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join, normalize } from 'node:path'
import { pipeline } from 'node:stream/promises'
import type { NetworkInspectInfo } from 'dockerode'
import tar from 'tar-fs'
import { onTestFinished } from 'vitest'
import type { World } from './world.ts'

/** A registry of gems on this machine, as builds in containers reach it. */
export interface GemServer {
  url: string
  /** Paths that it was asked for, and had. */
  asked: string[]
  close(): Promise<void>
}

/** The gems, made by the stack's own RubyGems: a small one in two versions, one with a native part, rake as Debian has it. */
const MAKE = `
set -e
export HOME=/tmp
gem_of() { # name version file
  cat > $1.gemspec <<END
Gem::Specification.new do |spec|
  spec.name, spec.version, spec.summary, spec.authors = "$1", "$2", "A gem.", ["The tests"]
  spec.files = Dir["{lib,ext,exe}/**/*"]
  spec.bindir, spec.executables = "exe", Dir["exe/*"].map { |path| File.basename(path) }
  spec.extensions = Dir["ext/*/extconf.rb"]
end
END
  gem build --silent $1.gemspec -o /srv/gems/$1-$2.gem 2> /dev/null
  cd /tmp && rm -rf make && mkdir make && cd make
}
mkdir -p /srv/gems /tmp/make && cd /tmp/make
for version in 1.0.0 2.0.0; do
  mkdir lib exe
  echo "module Shout; def self.out(text) = \\"#{text.upcase} $version\\"; end" > lib/shout.rb
  printf '#!/usr/bin/env ruby\\nrequire "shout"\\nputs Shout.out("exe")\\n' > exe/shout; chmod +x exe/shout
  gem_of shout $version
done
mkdir -p ext/native
echo 'require "mkmf"; create_makefile "native"' > ext/native/extconf.rb
printf '#include <ruby.h>\\nstatic VALUE answer(VALUE self) { return INT2FIX(42); }\\nvoid Init_native(void) { rb_define_global_function("answer", answer, 0); }\\n' > ext/native/native.c
gem_of native 1.0.0
mkdir -p ext/broken
echo 'abort "libwhatever is missing"' > ext/broken/extconf.rb
gem_of broken 1.0.0
# Its name alone says to the buildpack that an app is Rails; Rails itself would take a minute.
mkdir lib; echo > lib/railties.rb
gem_of railties 7.0.0
ruby -rrubygems/package -e '
  spec = Gem::Specification.find_by_name("rake")
  Dir.chdir(spec.full_gem_path)
  real = Gem::Specification.new("rake", spec.version) do |made|
    made.summary, made.authors = "Rake", ["Debian"]
    made.files = Dir["{lib,exe}/**/*"].select { |path| File.file?(path) }
    made.bindir, made.executables = "exe", ["rake"]
  end
  Gem::Package.build(real, true, false, "/srv/gems/rake-#{spec.version}.gem")'
gem generate_index --directory /srv > /dev/null
`

/** Makes the gems in a container of the stack, and serves them on the address that containers know this machine by. */
export async function gemServer({ engine: { docker }, root, stack }: World): Promise<GemServer> {
  const container = await docker.createContainer({ Image: stack, Cmd: ['bash', '-c', MAKE], HostConfig: { NetworkMode: 'none' } })
  const dir = join(root, 'gems')
  try {
    await container.start()
    const { StatusCode } = await container.wait()
    if (StatusCode !== 0) throw new Error(`the gems were not made:\n${await container.logs({ stdout: true, stderr: true })}`)
    mkdirSync(dir)
    await pipeline(await container.getArchive({ path: '/srv/.' }), tar.extract(dir))
  } finally {
    await container.remove({ force: true, v: true })
  }
  const asked: string[] = []
  const server = createServer(async ({ url = '/' }, response) => {
    const path = normalize(decodeURIComponent(new URL(url, 'http://gems').pathname))
    const content = await readFile(join(dir, path)).catch(() => null)
    if (content !== null) asked.push(path)
    response.writeHead(content === null ? 404 : 200).end(content ?? 'Not Found')
  })
  const bridge: NetworkInspectInfo = await docker.getNetwork('bridge').inspect()
  await new Promise<void>((resolve) => server.listen(0, bridge.IPAM?.Config?.[0]?.Gateway, resolve))
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve())
      server.closeAllConnections()
    })
  onTestFinished(close)
  const { address, port } = server.address() as AddressInfo
  return { url: `http://${address}:${port}`, asked, close }
}
