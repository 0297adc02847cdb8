import { expect, test } from 'vitest'
import { checkRegistry } from '../../../src/cli/doctor/registry.ts'
import type { PlatformSpec } from '../../../src/domain.ts'
import { createEngine } from '../../../src/engine/engine.ts'
import { LOGIN, ownRegistry } from '../../build/container/imageRegistry.ts'
import { sharedEngine } from '../../support/docker.ts'

test('a registry that lets in, one that does not, one that is away, and none', async (context) => {
  const registry = await ownRegistry(context)
  const engine = createEngine((await sharedEngine(context)).socket)
  const look = (spec: Partial<PlatformSpec>) => checkRegistry(engine, { registries: {}, ...spec }, 5_000)
  const address = `${registry.host}/house`
  expect(await look({})).toEqual([])
  expect(await look({ registry: { address, auth: LOGIN } })).toEqual([{ name: 'registry', level: 'ok', message: address }])
  expect(await look({ registry: { address }, registries: { [registry.host]: LOGIN } })).toMatchObject([{ level: 'ok' }])
  for (const auth of [{}, { auth: { ...LOGIN, password: 'no-longer-this' } }]) {
    const [check] = await look({ registry: { address, ...auth } })
    expect(check).toMatchObject({ level: 'warn', remedy: expect.stringContaining('registry: {auth:') })
    expect(JSON.stringify(check)).not.toContain('no-longer-this')
  }
  await registry.stop()
  const [away] = await look({ registry: { address, auth: LOGIN } })
  expect(away).toMatchObject({
    level: 'warn',
    message: expect.stringContaining('refused'),
    remedy: expect.stringContaining('Start it'),
  })
})
