import { type Duplex, PassThrough } from 'node:stream'
import { onTestFinished } from 'vitest'
import { buildsNetwork } from '../../../src/build/container/spec.ts'
import type { Image } from '../../../src/domain.ts'
import type { World } from './world.ts'

/** A container of an image, started as `docker run` does it, with nothing of trimtab's. */
export interface Ran {
  id: string
  output: () => string
  exit: Promise<number>
  /** Where it can be asked from this machine. */
  url(port?: number): Promise<string>
}

export async function run(
  { engine: { docker }, platform }: Pick<World, 'engine' | 'platform'>,
  image: Pick<Image, 'ref'>,
  command: string[] = [],
  env: Record<string, string> = {},
): Promise<Ran> {
  const network = buildsNetwork(platform)

  const container = await docker.createContainer({
    Image: image.ref,
    ...(command.length > 0 && { Cmd: command }),
    Env: Object.entries(env).map(([name, value]) => `${name}=${value}`),
    HostConfig: { NetworkMode: network },
  })
  onTestFinished(async () => {
    await container.remove({ force: true, v: true }).catch(() => {})
  })
  const stream = (await container.attach({ stream: true, stdout: true, stderr: true, hijack: true, stdin: false })) as Duplex
  let text = ''
  const sink = new PassThrough()
  sink.on('data', (chunk: Buffer) => (text += chunk))
  docker.modem.demuxStream(stream, sink, sink)
  const closed = new Promise((resolve) => stream.once('close', resolve).once('end', resolve))
  await container.start()
  const exit = container.wait().then(async ({ StatusCode }) => {
    await closed
    return StatusCode as number
  })
  exit.catch(() => {})
  return {
    id: container.id,
    output: () => text,
    exit,
    async url() {
      const { NetworkSettings } = await container.inspect()
      const address = Object.values(NetworkSettings.Networks)[0]?.IPAddress
      return `http://${address}:5000`
    },
  }
}

/** Its first answer. */
export async function answer(ran: Ran, path = '/'): Promise<string> {
  const url = await ran.url()
  let over = false
  void ran.exit.then(
    () => (over = true),
    () => (over = true),
  )
  for (;;) {
    const said = await fetch(url + path, { headers: { connection: 'close' } }).catch(() => null)
    if (said) return said.text()
    if (over) throw new Error(`it ended before it answered:\n${ran.output()}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
