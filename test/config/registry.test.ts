import { describe, expect, it } from 'vitest'
import { parsePlatform } from '../../src/config/platform.ts'

const parse = (yaml: string) => parsePlatform(`apps: []\n${yaml}\n`, { file: 'platform.yaml', env: { SECRET: 'hunter2' } })

describe('registry', () => {
  it.each([
    ['registry.example.com', 'registry.example.com'],
    ['registry.example.com:5000/house/apps', 'registry.example.com:5000/house/apps'],
    ['https://registry.example.com/house/', 'registry.example.com/house'],
    ['http://127.0.0.1:5000', '127.0.0.1:5000'],
    ['http://localhost:5000/a', 'localhost:5000/a'],
    ['localhost', 'localhost'],
  ])('%s', (url, address) => {
    expect(parse(`registry: {url: "${url}"}`).registry).toEqual({ address })
  })

  it('takes credentials, and http to another machine where it is said to be meant', () => {
    const { registry } = parse(
      `registry: {url: "http://r.example.com:5000", insecure: true, auth: {username: a, password: "\${SECRET}"}}`,
    )
    expect(registry).toEqual({ address: 'r.example.com:5000', auth: { username: 'a', password: 'hunter2' } })
    expect(parse('').registry).toBeUndefined()
  })

  it.each([
    ['house', 'expected the address of a registry'],
    ['', 'expected the address of a registry'],
    ['ftp://r.example.com', 'expected the address of a registry'],
    ['r.example.com:70000', 'expected the address of a registry'],
    ['r.example.com/House', 'expected the address of a registry'],
    ['r.example.com/a:1', 'expected the address of a registry'],
    ['u:hunter2@r.example.com', 'expected the address of a registry'],
    ['http://r.example.com', 'http is for a registry on this machine; for another one say insecure: true'],
  ])('refuses %s', (url, message) => {
    let said = ''
    try {
      parse(`registry: {url: "${url}"}`)
    } catch (error) {
      said = (error as Error).message
    }
    expect(said).toContain(message)
    expect(said).not.toContain('hunter2')
  })

  it('never shows a password', () => {
    expect(() => parse(`registry: {url: r.example.com, auth: {username: a, password: [hunter2]}}`)).toThrow(/^(?!.*hunter2)/s)
  })
})

it('limits of disk space and processes', () => {
  expect(parse('builds: {disk: 2G, pids: 500}').builds).toMatchObject({ diskBytes: 2 * 1024 ** 3, pids: 500 })
  expect(() => parse('builds: {pids: 3}')).toThrow('builds.pids')
  expect(() => parse('builds: {disk: much}')).toThrow('builds.disk')
})
