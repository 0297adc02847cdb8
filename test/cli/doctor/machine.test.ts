/** What `trimtab doctor` says of the machine and of platform.yaml. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { pageFor } from '../../../src/router/embedded/pages.ts'
import { freePort, scene } from './scene.ts'

const here = scene()

/** A program of this name that is found first. */
function program(name: string, script: string): Record<string, string> {
  const bin = join(here.dir, 'bin')
  mkdirSync(bin, { recursive: true })
  writeFileSync(join(bin, name), `#!/bin/sh\n${script}\n`)
  chmodSync(join(bin, name), 0o755)
  return { PATH: `${bin}:${process.env.PATH}` }
}

it('looks at everything that is needed, also without a platform.yaml, and leaves nothing behind', async () => {
  const { all, find } = await here.doctor({ DOCKER_HOST: `unix://${here.dir}/none.sock` })
  for (const name of [
    ...['platform.yaml', 'docker', 'git', 'bash', 'python3', 'SQLite', 'state', 'disk', 'clock', 'router.listen', 'http.listen'],
    ...['dns', 'file watching'],
  ]) {
    expect(find(name), name).toBeDefined()
  }
  for (const { level, remedy } of all) if (level !== 'ok') expect(remedy).toBeTruthy()
  expect(readdirSync(here.dir)).toEqual([])
})

it('says what is missing and how to get it, and fails', async () => {
  writeFileSync(join(here.dir, 'file'), '')
  writeFileSync(join(here.dir, 'platform.yaml'), 'apps: 3\nstate: ./file/state\n')
  const { code, find } = await here.doctor()
  expect(code).toBe(1)
  expect(find('platform.yaml')).toMatchObject({ level: 'fail', message: expect.stringContaining('platform.yaml:1:1 apps') })
  expect(find('state')).toMatchObject({ level: 'fail', message: expect.stringContaining('cannot write in') })
  const printed = await here.printed()
  expect(printed).toMatch(/^fail {2}state .*\n {6}→ Give this user the right/m)
  expect(printed).toMatch(/\d necessary things are missing\.\n$/)
})

it('a warning is no failure', async () => {
  here.platform('runtime: process')
  const { code, find, all } = await here.doctor(program('git', 'echo git version 2.11.0'))
  expect(find('git')).toMatchObject({ level: 'warn', message: 'git version 2.11.0 is old' })
  expect(all.filter(({ level }) => level === 'fail')).toEqual([])
  expect(code).toBe(0)
})

it('notices a git that is not there', async () => {
  const { code, find } = await here.doctor({ PATH: here.dir })
  expect(code).toBe(1)
  expect(find('git')).toMatchObject({ level: 'fail', remedy: expect.stringContaining('apt-get install git') })
})

it('notices a git that hangs', async () => {
  const began = Date.now()
  expect((await here.doctor(program('git', 'exec sleep 60'))).find('git')).toMatchObject({ level: 'fail' })
  expect(Date.now() - began).toBeLessThan(20_000)
})

describe('the clock', () => {
  it.each([
    ['yes', { level: 'ok', message: expect.stringMatching(/Z, synchronised$/) }],
    [
      'no',
      {
        level: 'warn',
        message: expect.stringContaining('synchronised with nothing'),
        remedy: expect.stringContaining('set-ntp true'),
      },
    ],
    ['', { level: 'ok', message: expect.stringContaining('not to be seen from here') }],
  ])('where timedatectl says %j', async (said, check) => {
    expect((await here.doctor(program('timedatectl', `echo ${said}`))).find('clock')).toMatchObject(check)
  })
})

describe('a port', () => {
  const listening = async (server: Server): Promise<number> => {
    await once(server.listen(0, '127.0.0.1'), 'listening')
    const address = server.address()
    return typeof address === 'object' && address !== null ? address.port : 0
  }

  it('that is free', async () => {
    const port = await freePort()
    here.platform(`router: {listen: "127.0.0.1:${port}"}`)
    expect((await here.doctor()).find('router.listen')).toEqual({
      name: 'router.listen',
      level: 'ok',
      message: `127.0.0.1:${port} is free`,
    })
  })

  it('that another program has, which is named', async () => {
    const script =
      'require("http").createServer((_, r) => r.end("hello")).listen(0, "127.0.0.1", function () { console.log(this.address().port) })'
    const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] })
    try {
      const [line] = (await once(child.stdout, 'data')) as [Buffer]
      const port = Number(line)
      const by = process.platform === 'linux' ? `node (pid ${child.pid})` : 'another program'
      for (const text of [`router: {listen: "127.0.0.1:${port}"}`, `http: {listen: ":${port}"}`]) {
        here.platform(text)
        const { code, all } = await here.doctor()
        expect(code).toBe(1)
        expect(all.find(({ name, level }) => level === 'fail' && name.endsWith('.listen'))).toMatchObject({
          message: expect.stringContaining(`is in use by ${by}`),
          remedy: expect.stringMatching(/^End it, or set another (?:router|http)\.listen in platform\.yaml$/),
        })
      }
    } finally {
      child.kill('SIGKILL')
    }
  })

  it("that trimtab's own router has", async () => {
    const server = createServer((_, response) => response.writeHead(404).end(pageFor(404, false).body))
    here.platform(`router: {listen: "127.0.0.1:${await listening(server)}"}`)
    const { find } = await here.doctor()
    server.close()
    expect(find('router.listen')).toMatchObject({ level: 'ok', message: expect.stringContaining("in use by trimtab's router") })
  })

  it('that a router has which is written down in the state directory', async () => {
    const server = createServer((_, response) => response.writeHead(404).end('404 page not found'))
    const port = await listening(server)
    mkdirSync(join(here.dir, '.trimtab/router'), { recursive: true })
    writeFileSync(join(here.dir, '.trimtab/router/traefik.json'), JSON.stringify({ pid: process.pid }))
    here.platform(`router: {kind: traefik, listen: "127.0.0.1:${port}"}`)
    const { find } = await here.doctor()
    server.close()
    expect(find('router.listen')?.level).toBe(process.platform === 'linux' ? 'ok' : 'fail')
  })

  it('of an address that this machine does not have', async () => {
    here.platform('router: {listen: "192.0.2.1:8080"}')
    expect((await here.doctor()).find('router.listen')).toMatchObject({
      level: 'fail',
      message: '192.0.2.1:8080: EADDRNOTAVAIL',
    })
  })
})
