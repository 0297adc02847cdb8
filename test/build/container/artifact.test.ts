import { expect, test } from 'vitest'
import { commit } from '../../../src/build/container/commit.ts'
import type { ArtifactSettings } from '../../../src/domain.ts'
import { createEngine } from '../../../src/engine/engine.ts'
import { MAKE_JAR, program, sha256 } from '../../support/artifacts.ts'
import { tgzOf, zipOf } from '../artifact/made.ts'
import { failureOf, imageOf } from '../world.ts'
import { answer, run } from './run.ts'
import { dockerfile, type World, world } from './world.ts'

async function* bytes(content: Buffer) {
  yield content
}

/** Stores it, and builds an app of it. */
async function deploy(w: World, name: string, content: Buffer, more: Partial<ArtifactSettings> = {}) {
  await w.builder.artifacts.put(name, bytes(content))
  const artifact = { sha256: sha256(content), name, base: 'stack', hasCommand: false, ...more }
  const plan = await w.plan({ 'README.md': '' }, { settings: { artifact } })
  return { plan, end: await w.build(plan) }
}

async function said(w: World, image: { ref: string }, command: string[]): Promise<string> {
  const ran = await run(w, image, command)
  await ran.exit
  await w.engine.docker.getContainer(ran.id).remove()
  return ran.output()
}

test('an archive: one layer over the stack, that belongs to the app; a program, and a .jar', {
  timeout: 120_000,
}, async (context) => {
  const w = await world(context)
  // For the network that they are tried on.
  imageOf(
    await w.build(await w.plan({ Dockerfile: `FROM ${w.stack}\n` }, { settings: { dockerfile: dockerfile('Dockerfile') } })),
  )
  const server = program()
  const parts = [
    { name: 'control', content: '#!/bin/sh\n[ "$1" = start ] && exec ./bin/server "$GREETING$(id -u) in $PWD"\n', mode: 0o755 },
    { name: 'bin/server', content: server, mode: 0o755 },
    { name: 'data/d.txt', content: 'x', mode: 0o600 },
    { name: 'link', type: '2', target: 'data/d.txt' },
  ]
  const { plan, end } = await deploy(w, 'shop.tar.gz', tgzOf(parts))
  const image = imageOf(end)
  expect(image).toMatchObject({ ref: `trimtab/${w.platform}:${plan.key}`, processTypes: { web: './control start' } })
  expect(await w.builder.find(plan.key)).toEqual(image)
  const ran = await run(w, image, [], { GREETING: 'hello from ' })
  expect(await answer(ran)).toBe('hello from 1000 in /app')

  const { docker } = w.engine
  const [made, stack] = [await docker.getImage(image.ref).inspect(), await docker.getImage(w.stack).inspect()]
  expect(made.RootFS.Layers?.slice(0, -1)).toEqual(stack.RootFS.Layers)
  expect(made.Config).toMatchObject({ User: '1000:1000', WorkingDir: '/app', Labels: { 'trimtab.key': plan.key } })
  const list = await said(w, image, ['-c', 'find /app ! -type l -printf "%P %U %m\\n" | sort; cat link; touch new && rm new'])
  expect(list.split('\n')).toEqual([
    ' 1000 755',
    '.trimtab 0 755',
    '.trimtab/config 0 755',
    '.trimtab/launch 0 644',
    '.trimtab/processes 0 755',
    '.trimtab/processes/web 0 644',
    'bin 1000 755',
    'bin/server 1000 755',
    'control 1000 755',
    'data 1000 755',
    'data/d.txt 1000 644',
    'x',
  ])
  expect((await w.containers()).filter((name) => name.startsWith('trimtab-'))).toEqual([])

  const alone = imageOf((await deploy(w, 'server', server)).end)
  expect(await answer(await run(w, alone))).toBe('a program\n')

  const jar = Buffer.from(await said(w, { ref: w.stack }, ['/bin/bash', '-c', MAKE_JAR]), 'base64')
  const java = imageOf((await deploy(w, 'shop.jar', jar, { base: 'java' })).end)
  // biome-ignore lint/suspicious/noTemplateCurlyInString: bash fills it in
  expect(java.processTypes.web).toBe('java ${JAVA_OPTS:--XX:MaxRAMPercentage=75} -Dserver.port=$PORT -jar shop.jar')
  expect(await answer(await run(w, java))).toBe('a Java archive\n')
})

test("the operator's bases: what is in them, what is not, and one that is not there", { timeout: 120_000 }, async (context) => {
  const reference = (w: World, name: string) => `${w.platform}/${name}:1`
  const w = await world(context)
  const make = async (name: string, text: string) => {
    const plan = await w.plan(
      { Dockerfile: `FROM ${w.stack}\n${text}\n` },
      { settings: { dockerfile: dockerfile('Dockerfile') } },
    )
    const image = imageOf(await w.build(plan))
    await w.engine.docker.getImage(image.ref).tag({ repo: `${w.platform}/${name}`, tag: '1' })
  }
  await make('tomcat', 'RUN mkdir -p /opt && touch /opt/webapp-runner.jar\nENV IN=base PATH=/usr/bin:/bin')
  await make('nothing', 'RUN rm -f /bin/bash /usr/bin/java; true')
  const bases = {
    tomcat: reference(w, 'tomcat'),
    nothing: reference(w, 'nothing'),
    away: '127.0.0.1:9/away:1',
    ours: 'trimtab/away:1',
  }
  w.builder.configure({
    builds: { concurrency: 2, timeoutMs: 60_000, env: {} },
    registries: {},
    stack: { image: w.stack },
    bases,
  })

  const war = zipOf([{ name: 'WEB-INF/web.xml', content: '<web-app/>' }])
  const { end, plan } = await deploy(w, 'shop.war', war, { base: 'tomcat' })
  const image = imageOf(end)
  expect(image.processTypes.web).toContain('-jar /opt/webapp-runner.jar --port $PORT shop.war')
  expect(await said(w, image, ['-c', 'echo $IN $HOME'])).toBe('base /app\n')
  expect(failureOf((await deploy(w, 'shop.war', war)).end).message).toContain('the stack has no /opt/webapp-runner.jar')
  expect(failureOf((await deploy(w, 'x.tgz', tgzOf([{ name: 'a' }]), { base: 'nothing' })).end).message).toContain(
    'there is no /bin/bash',
  )

  await expect(deploy(w, 'shop.war', war, { base: 'away' })).rejects.toMatchObject({
    code: 'RuntimeUnavailable',
    retry: true,
    message: expect.stringContaining('is being pulled'),
  })
  await expect(deploy(w, 'shop.war', war, { base: 'ours' })).rejects.toMatchObject({
    code: 'RuntimeUnavailable',
    message: 'The image trimtab/away:1, which platform.yaml names as the base "ours", is not on the Docker Engine.',
  })
  // Another image under the name of the base is another key.
  const container = await w.engine.docker.createContainer({ Image: w.stack, Cmd: ['true'] })
  await commit(createEngine(w.engine.socket), container.id, reference(w, 'tomcat'), { Env: ['IN=other'] })
  await container.remove()
  const later = w.restart({ bases, now: () => Date.now() + 10_000 })
  expect((await later.plan(plan)).key).not.toBe(plan.key)
  for (const name of ['tomcat', 'nothing']) await w.engine.docker.getImage(reference(w, name)).remove({ force: true })
})
