import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import type { Tree } from '../../support/dirsource.ts'
import { packageRegistries } from '../../support/registries.ts'
import { onlyWithRegistry } from '../registry.ts'
import { failureOf, imageOf } from '../world.ts'
import { answer, run } from './run.ts'
import { type World, world } from './world.ts'

const EXAMPLE = join(import.meta.dirname, '../../../examples/java')
const FILES = ['pom.xml', 'system.properties', 'src/main/java/Hello.java']
const SOURCE: Record<string, string> = Object.fromEntries(FILES.map((name) => [name, readFileSync(join(EXAMPLE, name), 'utf8')]))
const RELEASE = { SOURCE_VERSION: '0123456789abcdef', RELEASE_VERSION: 'v7' }
const SLOW = 600_000
/** Nobody listens there. */
const AWAY = 'http://127.0.0.1:9/maven2'

function withGreeting(text: string): Tree {
  const java = 'src/main/java/Hello.java'
  return { ...SOURCE, [java]: (SOURCE[java] ?? '').replace('Hello from Java', text) }
}

async function built(w: World, tree: Tree, app = 'shop') {
  const plan = await w.plan(tree, { app })
  const began = performance.now()
  const end = await w.build(plan)
  return { image: imageOf(end), log: await w.log(plan), ms: performance.now() - began }
}

async function failed(w: World, tree: Tree, app = 'shop') {
  const { message } = failureOf(await w.build(await w.plan(tree, { app })))
  return message
}

/** What a command says in a container with this limit. */
async function said(
  { engine: { docker } }: World,
  ref: string,
  line: string,
  megabytes?: number,
  Env: string[] = [],
): Promise<string> {
  const limits = megabytes === undefined ? {} : { Memory: megabytes * 1024 * 1024 }
  const container = await docker.createContainer({
    Image: ref,
    Cmd: ['-c', line],
    Env,
    Tty: true,
    HostConfig: { NetworkMode: 'none', ...limits },
  })
  try {
    await container.start()
    await container.wait()
    return String(await container.logs({ stdout: true, stderr: true })).replaceAll('\r', '')
  } finally {
    await container.remove({ force: true, v: true })
  }
}

/** A .jar or .war of these files. */
function zip({ root }: World, name: string, files: Record<string, string>): Tree {
  const dir = join(root, 'zip', name)
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(dir, path)), { recursive: true })
    writeFileSync(join(dir, path), text)
  }
  const tops = [...new Set(Object.keys(files).map((path) => path.split('/')[0] ?? ''))]
  execFileSync('python3', ['-m', 'zipfile', '-c', `${dir}/${name}`, ...tops], { cwd: dir })
  return { [name]: { text: readFileSync(join(dir, name)), mode: 0o644 } }
}

test(
  'a pom.xml: from Maven Central, then from the cache, with the network away, with a mistake; the heap after the container',
  async (context) => {
    await onlyWithRegistry(context, 'maven')
    const { ca } = packageRegistries()
    const w = await world(context, { builds: { concurrency: 1, timeoutMs: SLOW, env: {}, ...(ca && { ca }) } })
    const network = (env: Record<string, string>) =>
      w.builder.configure({
        builds: { concurrency: 1, timeoutMs: SLOW, env, ...(ca && { ca }) },
        registries: {},
        stack: { image: w.stack },
      })

    const first = await built(w, withGreeting('Hello from Java'))
    expect(first.image.processTypes).toEqual({ web: 'java $JAVA_OPTS -jar target/hello-1.0.jar' })
    expect(first.log).toMatch(
      /-----> Using Java 17\.[\d.]+ of the stack\n-----> Building with Maven: mvn -DskipTests clean install\n/,
    )
    expect(first.log).not.toContain('Picked up')
    const ran = await run(w, first.image, [], RELEASE)
    expect(await answer(ran)).toBe('Hello from Java, v7, commit 0123456789ab\n')
    expect((await said(w, first.image.ref, 'cd target; find . -type f | sort')).split('\n')).toEqual([
      './classes/Hello.class',
      './hello-1.0.jar',
      '',
    ])
    expect(await said(w, first.image.ref, 'echo "$JAVA_OPTS|"; ls -d ~/.m2 ~/.gradle 2>&1 | wc -l')).toBe('|\n2\n')
    expect(await said(w, first.image.ref, 'echo "$JAVA_OPTS"', 256)).toBe('-Xmx153m -Xss512k\n')
    expect(await said(w, first.image.ref, 'echo "$JAVA_OPTS"', 1024, ['JAVA_OPTS=-Xmx9m'])).toBe('-Xmx9m\n')
    expect(await said(w, first.image.ref, 'java -XX:+PrintFlagsFinal -version | grep -w MaxHeapSize', 1000)).toContain(
      ` ${Math.ceil(700 / 2) * 2 * 1024 * 1024} `,
    )

    // From here on there is no registry: all that is needed is in the cache, but for another app.
    network({ MAVEN_MIRROR_URL: AWAY })
    const second = await built(w, withGreeting('Goodbye from Java'))
    console.log(
      `java: second build ${Math.round(second.ms)} ms of ${Math.round(first.ms)} ms: ${(second.ms / first.ms).toFixed(2)}`,
    )
    expect(await answer(await run(w, second.image, [], RELEASE))).toContain('Goodbye from Java')
    expect((await failed(w, withGreeting('x'), 'cold')).split('\n')[0]).toContain(
      'a server cannot be reached: the connection was refused',
    )

    const mistake = await failed(w, withGreeting('" + nothing + "'))
    expect(mistake).toContain('The java buildpack failed: bin/compile exited with 1.')
    expect(mistake).toMatch(/Hello\.java:\[\d+,\d+\] cannot find symbol/)

    // A wrapper whose Maven cannot be had.
    const wrapper = {
      mvnw: `#!/bin/sh\nexec curl -sSf "${AWAY}/apache-maven-9.9.9-bin.zip"\n`,
      '.mvn/wrapper/maven-wrapper.properties': `distributionUrl=${AWAY}/apache-maven-9.9.9-bin.zip\n`,
    }
    const { image, log } = await built(w, { ...withGreeting('Wrapped'), ...wrapper, Procfile: 'web: true\n' })
    expect(log).toContain(` !     The Maven that mvnw asks for cannot be had (${AWAY}/apache-maven-9.9.9-bin.zip):\n`)
    expect(log).toContain(' !     Building with the Maven of the stack instead.\n')
    // The Procfile says what runs, and so nothing has been looked for.
    expect(image.processTypes).toEqual({})

    // What was built is an app by itself.
    const text = await archived(w, second.image.ref, '/app/target/hello-1.0.jar')
    const jar = await built(w, { 'hello.jar': { text, mode: 0o644 }, 'README.md': '' }, 'jar')
    expect(jar.image.processTypes).toEqual({ web: 'java $JAVA_OPTS -jar hello.jar' })
    expect(await answer(await run(w, jar.image, [], RELEASE))).toContain('Goodbye from Java, v7')

    // A .war that cannot run by itself: a servlet container comes from Maven Central, and the next time from the cache.
    const war = zip(w, 'shop.war', {
      'index.jsp': '<%= "six times seven is " + 6 * 7 %>',
      'WEB-INF/web.xml': '<web-app version="3.1"/>',
    })
    expect((await failed(w, war, 'war')).split('\n')[0]).toContain('a server cannot be reached')
    network({})
    const served = await built(w, war, 'war')
    expect(await answer(await run(w, served.image))).toBe('six times seven is 42')
    network({ MAVEN_MIRROR_URL: AWAY })
    const again = await built(w, { ...war, 'README.md': '' }, 'war')
    expect(again.image.processTypes.web).toMatch(/^java \$JAVA_OPTS -jar \.java\/webapp-runner\.jar --port \$PORT /)
  },
  SLOW,
)

test(
  'without a network: which Java, which archive, and a wrapper of Gradle that cannot have its Gradle',
  async (context) => {
    const w = await world(context)
    expect(await failed(w, { 'pom.xml': '', 'system.properties': '# ours\njava.runtime.version = openjdk-11\n' })).toMatch(
      /system\.properties asks for Java 11; the stack has: 17\.[\d.]+ \n.*Use a stack image that has it, or ask for one of these\./,
    )
    expect(await failed(w, { 'pom.xml': '', 'system.properties': 'java.runtime.version=latest' })).toContain(
      'asks for Java "latest"; write java.runtime.version=17.',
    )

    const manifest = (...lines: string[]) => ({ 'META-INF/MANIFEST.MF': ['Manifest-Version: 1.0', ...lines, ''].join('\r\n') })
    const boot = zip(w, 'boot app.jar', manifest('Main-Class: org.example.Loader', 'Start-Class: org.example.App'))
    const library = zip(w, 'library.jar', manifest('Created-By: nobody'))
    const plain = await built(w, { ...boot, ...library, 'system.properties': 'java.runtime.version=17' })
    expect(plain.image.processTypes).toEqual({ web: 'java $JAVA_OPTS -Dserver.port=$PORT -jar boot\\ app.jar' })
    const two = await built(w, { ...boot, ...zip(w, 'other.jar', manifest('Main-Class: Other')) })
    expect(two.image.processTypes).toEqual({})
    expect(two.log).toContain('There are several archives that can be run; a Procfile says which is the app:\n')

    const url = 'http\\://127.0.0.1\\:9/gradle-9.9-bin.zip'
    const gradle = {
      'build.gradle': "plugins { id 'java' }\n",
      gradlew: '#!/bin/sh\nexec curl -sSf http://127.0.0.1:9/gradle-9.9-bin.zip\n',
      'gradle/wrapper/gradle-wrapper.properties': `distributionUrl=${url}\n`,
    }
    const message = await failed(w, gradle)
    expect(message.split('\n')[0]).toContain('a server cannot be reached')
    expect(message).toContain('cannot be had (http://127.0.0.1:9/gradle-9.9-bin.zip), and the stack has none.')
    expect(await failed(w, { 'build.gradle.kts': '' })).toContain(
      'There is no gradlew in the repository, and no Gradle on the stack.',
    )
  },
  SLOW,
)

/** One file of an image. */
async function archived({ engine: { docker } }: World, ref: string, path: string): Promise<Uint8Array> {
  const container = await docker.createContainer({ Image: ref })
  try {
    const chunks: Uint8Array[] = []
    for await (const chunk of await container.getArchive({ path })) chunks.push(chunk as Uint8Array)
    const tar = Buffer.concat(chunks)
    // A header of 512 bytes, with the size in octal digits at 124, and the file.
    return tar.subarray(512, 512 + Number.parseInt(tar.toString('latin1', 124, 136), 8))
  } finally {
    await container.remove({ force: true, v: true })
  }
}
