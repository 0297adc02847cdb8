import { Readable } from 'node:stream'
import type { BuildsSpec } from '../../domain.ts'
import type { Work } from '../workshop.ts'
import { type DockerBuild, failedBuild, noImage, optionsOf } from './docker-build.ts'
import { follow } from './progress.ts'
import { addressOf } from './pull.ts'
import { buildsNetwork } from './spec.ts'
import { Steps } from './steps.ts'
import type { Yard } from './yard.ts'

/** Has the engine's classic builder build it: line by line, a container for each. Gives the id of the image that comes out. */
export async function buildClassically(yard: Yard, work: Work, build: DockerBuild): Promise<string> {
  const { engine, platform, registries, layers } = yard
  const { plan, builds, log, signal } = work
  await yard.containers.ensureNetwork()
  const steps = new Steps(log)
  try {
    const answer = await engine.docker.buildImage(Readable.from(build.context), {
      ...optionsOf(builds, build),
      networkmode: buildsNetwork(platform),
      ...limits(builds),
      registryconfig: configOf(registries()),
      abortSignal: signal,
    })
    await follow(answer, (progress) => steps.take(progress), signal)
    await layers.replace(plan.app.name, steps.layers)
  } catch (thrown) {
    layers.add(plan.app.name, steps.layers)
    throw failedBuild(thrown, yard, work, build.file, steps.current)
  }
  if (steps.id === null) throw noImage(build)
  return steps.id
}

function limits({ memoryBytes, cpus }: BuildsSpec) {
  return {
    ...(memoryBytes !== undefined && { memory: memoryBytes, memswap: memoryBytes }),
    ...(cpus !== undefined && { cpuperiod: 100_000, cpuquota: Math.round(cpus * 100_000) }),
  }
}

/** For images that a Dockerfile begins from. */
function configOf(registries: ReturnType<Yard['registries']>) {
  return Object.fromEntries(Object.entries(registries).map(([host, login]) => [addressOf(host), login]))
}
