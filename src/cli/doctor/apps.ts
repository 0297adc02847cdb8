/** What the apps need on the engine: the image they stand on, and the network they are on. */

import { isIPv4 } from 'node:net'
import type { DockerRuntimeSpec } from '../../domain.ts'
import { type Check, fail, ok, warn } from './check.ts'
import { ownContainer } from './container.ts'
import type { Engine } from './engine.ts'

export async function checkStack(engine: Engine, image: string, limitMs: number): Promise<Check> {
  const { isMissing } = await import('../../engine/engine.ts')
  const name = 'stack image'
  try {
    const { Id } = await engine.ask((docker) => docker.getImage(image).inspect(), limitMs)
    return ok(name, `${image} (${Id.replace('sha256:', '').slice(0, 12)})`)
  } catch (error) {
    if (!isMissing(error)) throw error
    return fail(
      'stack image',
      `${image} is not there: apps are built on it`,
      'trimtab stack build makes it, from Debian packages',
    )
  }
}

export async function checkNetwork(engine: Engine, spec: DockerRuntimeSpec, state: string, limitMs: number): Promise<Check> {
  const [{ networkName }, { platformName }, { isMissing }] = await Promise.all([
    import('../../engine/network.ts'),
    import('../../engine/labels.ts'),
    import('../../engine/engine.ts'),
  ])
  const name = 'docker network'
  const network = networkName({ name: spec.network, platform: platformName(spec.name, state) })
  try {
    const found = await engine.ask((docker) => docker.getNetwork(network).inspect(), limitMs)
    const subnet = (found.IPAM?.Config ?? []).find((one) => isIPv4(one.Subnet?.split('/')[0] ?? ''))?.Subnet
    if (subnet === undefined)
      return fail(name, `${network} has no IPv4 addresses`, 'Name another: runtime: {kind: docker, network: …}')
    if (spec.subnet !== undefined && spec.subnet !== subnet) {
      const remedy = 'Correct runtime.subnet; a network that trimtab has made is made anew when nothing is on it'
      return warn(name, `${network} has ${subnet}, and platform.yaml says ${spec.subnet}`, remedy)
    }
    const self = ownContainer()
    if (self !== null && !(await attached(engine, self, network, limitMs))) {
      const remedy = `Put it on ${network}: networks: in compose.yaml, or docker network connect ${network} ${self.slice(0, 12)}`
      return fail(name, `this container is not on ${network}, and reaches no app`, remedy)
    }
    return ok(name, `${network}, ${subnet}`)
  } catch (error) {
    if (!isMissing(error)) throw error
    return ok(name, `${network} (made by the first \`trimtab up\`)`)
  }
}

/** Whether this container is on the network; true where its engine is another one than that of the apps. */
async function attached(engine: Engine, self: string, network: string, limitMs: number): Promise<boolean> {
  const { isMissing } = await import('../../engine/engine.ts')
  try {
    const { NetworkSettings } = await engine.ask((docker) => docker.getContainer(self).inspect(), limitMs)
    return Object.hasOwn(NetworkSettings.Networks, network)
  } catch (error) {
    if (!isMissing(error)) throw error
    return true
  }
}
