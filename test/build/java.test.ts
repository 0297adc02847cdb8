import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, realpathSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { serve } from './serve.ts'
import { failureOf, imageOf, world } from './world.ts'

const EXAMPLE = join(import.meta.dirname, '../../examples/java/src/main/java/Hello.java')

/** Where the JDK of this machine's PATH is, with its version. */
function jdk(): { home: string; version: string } | null {
  const { stdout, status } = spawnSync('which', ['javac'], { encoding: 'utf8' })
  if (status !== 0) return null
  const home = realpathSync(stdout.trim()).replace(/\/bin\/javac$/, '')
  const version = /^JAVA_VERSION="(.*)"/m.exec(readFileSync(join(home, 'release'), 'utf8'))?.[1]
  return version === undefined ? null : { home, version }
}

const have = jdk()

test.skipIf(have === null)(
  'on the host: a .jar by itself, run by the Java that it asks for; no limit of memory is made up',
  async () => {
    const w = await world()
    const { home = '', version = '' } = have ?? {}
    const classes = join(w.root, 'classes')
    mkdirSync(classes)
    execFileSync('javac', ['--release', '8', '-Xlint:-options', '-d', classes, EXAMPLE])
    execFileSync('jar', ['cfe', join(w.root, 'hello.jar'), 'Hello', '-C', classes, '.'])
    const tree = {
      'hello.jar': { text: readFileSync(join(w.root, 'hello.jar')), mode: 0o644 },
      'system.properties': `java.runtime.version=${version}\n`,
    }
    const plan = await w.plan(tree)
    const image = imageOf(await w.build(plan))
    expect(image.processTypes).toEqual({ web: 'java $JAVA_OPTS -jar hello.jar' })
    expect(await w.log(plan)).toContain(`-----> Using Java ${version} of this machine\n`)
    expect(readFileSync(join(image.ref, '.profile.d/java.sh'), 'utf8')).toBe(`export JAVA_HOME=${home}\n`)
    const { url } = await serve(image, undefined, { RELEASE_VERSION: 'v3', SOURCE_VERSION: 'abc' })
    expect(await (await fetch(url)).text()).toBe('Hello from Java, v3, commit abc\n')

    const wrong = failureOf(await w.build(await w.plan({ ...tree, 'system.properties': 'java.runtime.version=1.6.0_45\n' })))
    expect(wrong.message).toContain('system.properties asks for Java 6.0.45; this machine has: ')
    expect(wrong.message).toContain(version)
  },
)
