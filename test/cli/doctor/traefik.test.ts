/** What `trimtab doctor` says of Traefik, in each of its three forms. */
import { type ChildProcess, spawn } from 'node:child_process'
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { sharedEngine, stackImage } from '../../support/docker.ts'
import { traefikBinary } from '../../support/traefik.ts'
import { freePort, scene } from './scene.ts'

const here = scene()

function program(name: string, script: string): string {
  const path = join(here.dir, name)
  writeFileSync(path, `#!/bin/sh\n${script}\n`)
  chmodSync(path, 0o755)
  return path
}

const router = (keys: string, runtime = 'process') =>
  here.platform(`runtime: ${runtime}\nrouter: {kind: traefik, listen: "127.0.0.1:1", ${keys}}`)
const traefik = async (env?: Record<string, string>) => (await here.doctor(env)).find('traefik')

it('is not looked for where it is not used', async () => {
  here.platform('runtime: process')
  expect(await traefik()).toBeUndefined()
})

describe('a binary', () => {
  it('that is not there', async () => {
    router('binary: ./none')
    expect(await traefik()).toMatchObject({
      level: 'fail',
      message: `${join(here.dir, 'none')} is not found`,
      remedy: expect.stringContaining('https://github.com/traefik/traefik/releases'),
    })
    router('binary: trimtab-no-traefik')
    expect(await traefik()).toMatchObject({ level: 'fail', message: 'trimtab-no-traefik is not found on the PATH' })
  })

  it.each([
    ['echo "Version:      3.6.12"', 'ok', /^3\.6\.12, /],
    ['echo "Version:      2.11.0"', 'fail', /is version 2\.11\.0$/],
    ['echo "Version:      30.1"', 'fail', /is version 30\.1$/],
    ['echo hello', 'fail', /is no Traefik$/],
    ['exit 3', 'fail', /does not run \(3\)$/],
  ])('that does %j', async (script, level, message) => {
    program('traefik', script)
    router('binary: ./traefik')
    expect(await traefik()).toMatchObject({ level, message: expect.stringMatching(message) })
  })

  it('is looked for on the PATH', async () => {
    program('traefik', 'echo "Version: 3.1"')
    router('run: binary')
    expect(await traefik({ PATH: `${here.dir}:${process.env.PATH}` })).toMatchObject({
      level: 'ok',
      message: `3.1, ${join(here.dir, 'traefik')}`,
    })
  })

  it('of the real kind', async (context) => {
    router(`binary: ${await traefikBinary(context)}`)
    expect((await traefik())?.level).toBe('ok')
  })
})

describe('a container', () => {
  it('needs its image, and an engine', async (context) => {
    router('run: container, image: "trimtab/traefik:none"', 'auto')
    const without = await here.doctor({ DOCKER_HOST: `unix://${here.dir}/none.sock` })
    expect(without.code).toBe(1)
    expect(without.find('docker')?.level).toBe('fail')
    expect(without.find('traefik')).toMatchObject({ level: 'fail', remedy: 'Docker has to run first' })

    const { socket } = await sharedEngine(context)
    const env = { DOCKER_HOST: `unix://${socket}` }
    expect(await traefik(env)).toMatchObject({
      level: 'warn',
      message: 'the image trimtab/traefik:none is not there yet: `trimtab up` pulls it',
      remedy: 'docker load, where no registry can be reached',
    })
    const image = await stackImage(socket)
    router(`run: container, image: "${image}"`, 'auto')
    expect(await traefik(env)).toMatchObject({ level: 'ok', message: expect.stringContaining(image) })
  })
})

describe("somebody else's", () => {
  let child: ChildProcess | undefined
  afterEach(() => child?.kill('SIGKILL'))

  /** Gives the address of its API. */
  async function running(binary: string, ...options: string[]): Promise<string> {
    const port = await freePort()
    const args = [
      '--global.checknewversion=false',
      '--api=true',
      '--api.insecure=true',
      `--entrypoints.traefik.address=127.0.0.1:${port}`,
    ]
    child = spawn(binary, [...args, ...options], { stdio: 'ignore', cwd: here.dir })
    const api = `http://127.0.0.1:${port}`
    const until = Date.now() + 20_000
    while (Date.now() < until) {
      if (
        await fetch(`${api}/api/version`).then(
          (answer) => answer.ok,
          () => false,
        )
      )
        return api
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    throw new Error('Traefik does not answer')
  }

  it('is asked, and its folder looked at', async (context) => {
    const binary = await traefikBinary(context)
    mkdirSync(join(here.dir, 'routes'))
    const api = await running(binary, `--providers.file.directory=${join(here.dir, 'routes')}`)
    router(`run: external, routes: routes, api: "${api}", https: ":443"`)
    const { find } = await here.doctor()
    expect(find('traefik')).toMatchObject({ level: 'ok', message: expect.stringContaining(api) })
    expect(find('router.routes')).toEqual({ name: 'router.routes', level: 'ok', message: join(here.dir, 'routes') })
    // It listens where it was told to, which is not for this file to say.
    expect(find('router.listen')).toBeUndefined()
    expect(find('router.https')).toBeUndefined()
  })

  it('without a file provider is of no use', async (context) => {
    const api = await running(await traefikBinary(context))
    router(`run: external, routes: ., api: "${api}"`)
    expect(await traefik()).toMatchObject({ level: 'fail', message: `${api} has no file provider` })
  })

  it('that is not there, or no Traefik, or not to be written for', async () => {
    const api = `http://127.0.0.1:${await freePort()}`
    router(`run: external, routes: none, api: "${api}"`)
    const { code, find } = await here.doctor()
    expect(code).toBe(1)
    expect(find('traefik')).toMatchObject({ level: 'fail', message: expect.stringContaining('(ECONNREFUSED)') })
    expect(find('router.routes')).toMatchObject({ level: 'fail', message: `cannot write in ${join(here.dir, 'none')} (ENOENT)` })

    const other = createServer((_, response) => response.end('hello')).listen(0, '127.0.0.1')
    await new Promise((resolve) => other.once('listening', resolve))
    const address = other.address()
    writeFileSync(join(here.dir, 'file'), '')
    chmodSync(join(here.dir, 'file'), 0o755)
    router(`run: external, routes: file, api: "http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}"`)
    const second = await here.doctor()
    other.close()
    other.closeAllConnections()
    expect(second.find('traefik')).toMatchObject({
      level: 'fail',
      message: expect.stringContaining("does not answer as Traefik's API"),
    })
    expect(second.find('router.routes')).toMatchObject({ level: 'fail', message: expect.stringContaining('is no folder') })
  })
})
