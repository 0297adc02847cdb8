import { describe, expect, it } from 'vitest'
import { LABEL } from '../../../src/engine/labels.ts'
import { createWorld, exited, one, printed, specOf } from './world.ts'

describe('an instance', () => {
  it('runs its command in the app directory, with its environment, a port and an address', async (context) => {
    const world = await createWorld(context)
    const runtime = world.runtime()
    const program = 'console.log(JSON.stringify({env: process.env, cwd: process.cwd(), uid: process.getuid(), argv: process.argv.slice(1)}))'
    const spec = specOf(world, `node -e '${program}' "two words" $GREETING`, { env: { GREETING: 'hi', PORT: '1' } })
    const instance = await runtime.start(spec, [])
    expect(instance).toMatchObject({ name: 'shop.web.v1.1', state: 'running', fingerprint: 'f1', imageKey: 'k1', oneOff: false })
    expect(instance.address).toEqual({ host: expect.stringMatching(/^\d+(\.\d+){3}$/), port: 5000 })
    expect(await exited(runtime, spec)).toMatchObject({ code: 0, signal: null })
    const seen = JSON.parse((await runtime.tail('shop', instance.name, 5)).join(''))
    expect(seen).toMatchObject({ cwd: '/app', uid: 1000, argv: ['two words', 'hi'] })
    expect(seen.env).toMatchObject({ HOME: '/app', GREETING: 'hi', PORT: '5000' })
  })
})
