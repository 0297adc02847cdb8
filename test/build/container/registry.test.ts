import type { Readable } from 'node:stream'
import tar from 'tar-fs'
import { expect, test, vi } from 'vitest'
import { follow } from '../../../src/build/container/progress.ts'
import { failureOf, HELLO, imageOf } from '../world.ts'
import { imageRegistry, LOGIN } from './imageRegistry.ts'
import { dockerfile, type World, world } from './world.ts'

const never = new AbortController().signal

/** Pushes an image of a few bytes, and takes it away from the engine. */
async function pushed({ engine: { docker }, root }: World, host: string, name: string): Promise<string> {
  const reference = `${host}/${name}`
  const [repo, tag] = [reference.slice(0, reference.lastIndexOf(':')), reference.slice(reference.lastIndexOf(':') + 1)]
  const pack = tar.pack(root, { entries: [] })
  await follow(
    await docker.importImage(pack, { repo, tag, changes: ['CMD ["/serve", "a b"]', 'EXPOSE 80/tcp', `ENV NAME=${name}`] }),
    () => {},
    never,
  )
  const image = docker.getImage(reference)
  await follow((await image.push({ authconfig: { ...LOGIN, serveraddress: host } })) as Readable, () => {}, never)
  const digest = (await image.inspect()).RepoDigests[0] ?? ''
  await image.remove()
  return digest
}

test('an image is pulled with the credentials of its registry, by tag and by digest; nothing but our own name is left', async (context) => {
  const host = await imageRegistry(context)
  const w = await world(context, { registries: { [host]: LOGIN } })
  const { docker } = w.engine
  const digest = await pushed(w, host, 'acme/shop:1')
  expect(digest).toMatch(/@sha256:[0-9a-f]{64}$/)

  const byTag = await w.plan({ a: '1' }, { settings: { image: `${host}/acme/shop:1` } })
  const image = imageOf(await w.build(byTag))
  expect(image).toMatchObject({ processTypes: { web: "/serve 'a b'" }, foreign: { port: 80 } })
  const log = await w.log(byTag)
  expect(log).toContain(`-----> Pulling ${host}/acme/shop:1\n`)
  expect(log).toContain(digest)
  expect(log).not.toContain(LOGIN.password)
  const meta = JSON.parse((await docker.getImage(image.ref).inspect()).Config.Labels['trimtab.meta'] ?? '')
  expect(meta).toMatchObject({ reference: `${host}/acme/shop:1`, digest })

  const byDigest = await w.plan({ a: '1' }, { settings: { image: digest } })
  expect(imageOf(await w.build(byDigest))).toMatchObject({ foreign: { port: 80 } })
  const names = (await docker.listImages()).flatMap(({ RepoTags, RepoDigests }) => [...(RepoTags ?? []), ...(RepoDigests ?? [])])
  expect(names.filter((name) => name.startsWith(host))).toEqual([])

  // A tag that has moved is another image for a new commit, and the same for an old one.
  await pushed(w, host, 'acme/shop:1').then((moved) => expect(moved).not.toBe(digest))
  const next = imageOf(await w.build(await w.plan({ a: '2' }, { settings: { image: `${host}/acme/shop:1` } })))
  expect((await docker.getImage(next.ref).inspect()).Config.Labels['trimtab.meta']).not.toContain(digest)
  expect(await w.builder.find(byTag.key)).toEqual(image)

  // The engine has lost all: the old commit is what it was, and not what its tag is now.
  await docker.getImage(image.ref).remove({ force: true })
  const later = w.restart({ registries: { [host]: LOGIN } })
  later.want('shop', byTag)
  await vi.waitFor(() => expect(later.state(byTag.key).state).toBe('succeeded'), 20_000)
  expect((await docker.getImage(image.ref).inspect()).Config.Labels['trimtab.meta']).toContain(digest)
  expect(await later.log(byTag.key)).toContain(
    `What the tag was when this commit was first deployed:\n-----> Pulling ${digest}\n`,
  )
})

test('without credentials, or without such an image: said, with what to do, and not tried again', async (context) => {
  const host = await imageRegistry(context)
  const w = await world(context)
  const refused = failureOf(await w.build(await w.plan({ a: '' }, { settings: { image: `${host}/acme/shop:1` } })))
  expect(refused).toMatchObject({ code: 'BuildFailed', retry: false })
  expect(refused.message).toContain(`registries: {"${host}": {username: …, password: …}} in platform.yaml`)
  w.builder.configure({
    builds: { concurrency: 1, timeoutMs: 60_000, env: {} },
    registries: { [host]: LOGIN },
    stack: { image: w.stack },
  })
  const none = failureOf(await w.build(await w.plan({ a: '' }, { settings: { image: `${host}/acme/none:1` } })))
  expect(none).toMatchObject({
    code: 'BuildFailed',
    retry: false,
    message: expect.stringMatching(/cannot be pulled: .*(unknown|not found)/),
  })
})

test('a stack of a registry, and a Dockerfile’s base, are pulled with credentials too', async (context) => {
  const host = await imageRegistry(context)
  const changed = vi.fn()
  const stack = `${host}/house/stack:1`
  const w = await world(context, { registries: { [host]: LOGIN }, stack })
  w.builder.onImages(changed)
  await pushed(w, host, 'house/stack:1')
  await expect(w.plan(HELLO)).rejects.toThrow('is being pulled')
  await vi.waitFor(() => expect(changed).toHaveBeenCalled(), 10_000)
  // It was already when the image was pushed and taken away: the pull may still go on.
  await vi.waitFor(async () => expect((await w.plan(HELLO)).key).toMatch(/^[0-9a-f]{40}$/), 10_000)
  const { docker } = w.engine
  await docker.getImage(stack).remove()

  const plan = await w.plan(
    { Dockerfile: `FROM ${stack}\nCMD ["/serve"]\n` },
    { settings: { dockerfile: dockerfile('Dockerfile') } },
  )
  expect(imageOf(await w.build(plan))).toMatchObject({ processTypes: { web: '/serve' } })
  await docker.getImage(stack).remove({ force: true })
})
