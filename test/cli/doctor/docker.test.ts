/** What `trimtab doctor` says of Docker: real engines, and everything that a socket may be instead. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { checkVersion } from '../../../src/cli/doctor/engine.ts'
import { createEngine } from '../../../src/engine/engine.ts'
import { sharedEngine, stackImage } from '../../support/docker.ts'
import { need } from '../../support/need.ts'
import { scene } from './scene.ts'

const here = scene()

describe('no engine', () => {
  const socket = () => join(here.dir, 'docker.sock')

  it('is a failure where containers are asked for, a warning where they are not, and nothing on processes', async () => {
    here.platform(`runtime: {kind: docker, socket: ${socket()}}`)
    const wanted = await here.doctor()
    expect(wanted.code).toBe(1)
    expect(wanted.find('docker')).toEqual({
      name: 'docker',
      level: 'fail',
      message: `there is no socket ${socket()}`,
      remedy: expect.stringContaining('apt-get install docker.io'),
    })
    here.platform('runtime: auto')
    const either = await here.doctor({ DOCKER_HOST: `unix://${socket()}` })
    expect(either.code).toBe(0)
    expect(either.find('docker')).toMatchObject({
      level: 'warn',
      message: `there is no socket ${socket()}`,
      remedy: expect.stringMatching(/apt-get install docker\.io.*Until then runtime: auto runs local processes/),
    })
    here.platform('runtime: process')
    expect((await here.doctor()).find('docker')).toEqual({ name: 'docker', level: 'ok', message: 'not used (runtime: process)' })
  })

  it('is what a file that is no socket is', async () => {
    writeFileSync(socket(), '')
    here.platform(`runtime: {kind: docker, socket: ${socket()}}`)
    expect((await here.doctor()).find('docker')).toMatchObject({ level: 'fail', message: `${socket()} is no socket` })
  })

  it('is what a socket is whose engine has gone', async () => {
    const script = `require('net').createServer().listen(${JSON.stringify(socket())}, () => console.log('there'))`
    const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] })
    await once(child.stdout, 'data')
    child.kill('SIGKILL')
    await once(child, 'exit')
    here.platform(`runtime: {kind: docker, socket: ${socket()}}`)
    expect((await here.doctor()).find('docker')).toMatchObject({
      level: 'fail',
      message: expect.stringContaining('nobody listens on the socket'),
      remedy: 'systemctl enable --now docker',
    })
  })

  it('is not waited for', async () => {
    const silent = createServer().listen(socket())
    await once(silent, 'listening')
    here.platform(`runtime: {kind: docker, socket: ${socket()}}`)
    const began = Date.now()
    expect((await here.doctor()).find('docker')).toMatchObject({
      level: 'fail',
      message: expect.stringContaining('has not answered within 5 s'),
      remedy: expect.stringContaining('systemctl restart docker'),
    })
    expect(Date.now() - began).toBeLessThan(15_000)
    silent.close()
  })

  it('says that a remote one is not used', async () => {
    here.platform('runtime: docker')
    const { find } = await here.doctor({ DOCKER_HOST: 'tcp://127.0.0.1:1' })
    const { level, message } = find('docker') ?? {}
    // Where the machine has an engine at the default address, that is the one.
    if (level === 'fail') expect(message).toContain('DOCKER_HOST names no local socket')
  })
})

describe('a socket that is not for this user', () => {
  // The effective user alone: the test goes on as who it is.
  afterEach(() => process.seteuid?.(0))

  it('says which group it takes', async (context) => {
    need(context, 'root', process.getuid?.() === 0 ? null : 'only root can be somebody else for a moment')
    const socket = join(here.dir, 'docker.sock')
    const server = createServer().listen(socket)
    await once(server, 'listening')
    chmodSync(here.dir, 0o755)
    chmodSync(socket, 0o600)
    const { checkDocker } = await import('../../../src/cli/doctor/docker.ts')
    const { parsePlatform } = await import('../../../src/config/platform.ts')
    await import('../../../src/engine/engine.ts')
    const spec = parsePlatform(`runtime: {kind: docker, socket: ${socket}}\napps: []`, { file: '/platform.yaml', env: {} })
    process.seteuid?.(65_534)
    const { checks } = await checkDocker(spec, {})
    process.seteuid?.(0)
    server.close()
    expect(checks).toMatchObject([
      {
        level: 'fail',
        message: expect.stringContaining('permission denied'),
        remedy: expect.stringMatching(/^usermod -aG docker \S+, then log in again/),
      },
    ])
  })
})

describe('a version', () => {
  const linux = { OSType: 'linux', SecurityOptions: ['name=seccomp,profile=default'] }
  it.each([
    ['1.41', linux, 'ok', /^20\.10, API 1\.41, at \/s$/],
    ['1.50', linux, 'ok', /API 1\.50/],
    ['2.0', linux, 'ok', /API 2\.0/],
    ['1.40', linux, 'fail', /too old$/],
    ['1.9', linux, 'fail', /too old$/],
    ['1.41', { OSType: 'windows' }, 'fail', /its containers are windows$/],
    ['1.41', { OSType: 'linux', SecurityOptions: ['name=rootless'] }, 'fail', /rootless/],
  ])('API %s, %j: %s', (ApiVersion, info, level, message) => {
    expect(checkVersion({ Version: '20.10', ApiVersion }, info, '/s')).toMatchObject({
      level,
      message: expect.stringMatching(message),
      ...(level === 'fail' && { remedy: expect.any(String) }),
    })
  })
})

describe('an engine', () => {
  it('is looked at: version, live-restore, storage, disk, stack image and network', async (context) => {
    const { socket } = await sharedEngine(context)
    const image = await stackImage(socket)
    here.platform(`runtime: {kind: docker, socket: ${socket}, name: doctor}\nstack: {image: "${image}"}`)
    const { code, find, all } = await here.doctor()
    expect(all.filter(({ level }) => level === 'fail')).toEqual([])
    expect(code).toBe(0)
    expect(find('docker')).toMatchObject({ level: 'ok', message: expect.stringMatching(/^\d+\.\d+.*, API 1\.\d+, at \//) })
    expect(find('live-restore')).toMatchObject({ level: 'warn', remedy: expect.stringContaining('{"live-restore": true}') })
    expect(find('docker storage')).toEqual({ name: 'docker storage', level: 'ok', message: 'overlay2' })
    expect(find('docker disk')?.message).toMatch(/GiB free on \//)
    expect(find('stack image')).toMatchObject({ level: 'ok', message: expect.stringContaining(`${image} (`) })
    expect(find('docker network')).toMatchObject({
      level: 'ok',
      message: 'trimtab-doctor (made by the first `trimtab up`)',
    })
    // What builds in containers bring with them is not asked of the machine.
    expect(find('python3')).toBeUndefined()
    expect(find('user')).toBeUndefined()
  })

  it('without the stack image runs no apps yet', async (context) => {
    const { socket } = await sharedEngine(context)
    here.platform(`runtime: {kind: docker, socket: ${socket}}\nstack: {image: "trimtab/none:1"}`)
    const wanted = await here.doctor()
    expect(wanted.code).toBe(1)
    expect(wanted.find('stack image')).toEqual({
      name: 'stack image',
      level: 'fail',
      message: 'trimtab/none:1 is not there: apps are built on it',
      remedy: 'trimtab stack build makes it, from Debian packages',
    })
    here.platform('runtime: auto\nstack: {image: "trimtab/none:1"}')
    const either = await here.doctor({ DOCKER_HOST: `unix://${socket}` })
    expect(either.find('stack image')?.level).toBe('warn')
    // So it is the machine that builds, and what that takes is looked at.
    expect(either.find('bash')?.level).toBe('ok')
  })

  it('may have a network of other addresses than those that are wanted, which is told', async (context) => {
    const { socket } = await sharedEngine(context)
    const { docker } = createEngine(socket)
    const name = `trimtab-doctor-${process.pid}`
    await docker.createNetwork({ Name: name })
    try {
      const subnet = (await docker.getNetwork(name).inspect()).IPAM?.Config?.[0]?.Subnet
      here.platform(`runtime: {kind: docker, socket: ${socket}, network: ${name}}`)
      expect((await here.doctor()).find('docker network')).toEqual({
        name: 'docker network',
        level: 'ok',
        message: `${name}, ${subnet}`,
      })
      here.platform(`runtime: {kind: docker, socket: ${socket}, network: ${name}, subnet: 10.213.0.0/24}`)
      expect((await here.doctor()).find('docker network')).toMatchObject({
        level: 'warn',
        message: `${name} has ${subnet}, and platform.yaml says 10.213.0.0/24`,
        remedy: expect.stringContaining('Correct runtime.subnet'),
      })
    } finally {
      await docker.getNetwork(name).remove()
    }
  })
})
