import type { Image } from '../../domain.ts'
import { imageRef } from '../../engine/labels.ts'
import { TrimtabError } from '../../errors.ts'
import { commit } from './commit.ts'
import { imageOf, labelsOf, type Meta } from './label.ts'
import { buildName } from './spec.ts'
import type { Yard } from './yard.ts'

type Facts = Pick<Meta, 'app' | 'commit' | 'builtAt' | 'durationMs' | 'packs' | 'reference' | 'digest'>

/**
 * Makes an image that somebody else's hands have built one of ours: the same files and the same configuration, with our labels and
 * our name. That name keeps it, whatever becomes of the tag it came with, and the labels say all that has to be known of it.
 */
export async function adopt(yard: Yard, id: string, key: string, facts: Facts): Promise<Image> {
  const { engine, platform, shelf, containers } = yard
  const { Config: config } = await engine.ask((docker) => docker.getImage(id).inspect())
  const command = [...list(config.Entrypoint), ...list(config.Cmd)]
  const port = portOf(config.ExposedPorts)
  const meta: Meta = {
    ...facts,
    processTypes: command.length === 0 ? {} : { web: command.map(quoted).join(' ') },
    configVars: {},
    versions: {},
    foreign: port === undefined ? {} : { port },
  }
  const labels = labelsOf(platform, key, meta)
  const image = imageOf(platform, key, labels)
  if (!image) throw new TrimtabError('BuildFailed', 'The image has a command that cannot be understood.')

  // An image without a command of its own cannot be made a container of without one.
  const name = buildName(platform, key)
  await containers.borrow(id, command.length === 0 ? ['/'] : undefined, name, (container) =>
    commit(engine, container, imageRef(platform, key), { ...config, Labels: { ...config.Labels, ...labels } }),
  )
  shelf.add(image)
  return image
}

/** The one TCP port that it says it listens on; absent where it says none, or several. */
function portOf(exposed: Record<string, unknown> | undefined): number | undefined {
  const ports = Object.keys(exposed ?? {}).filter((port) => port.endsWith('/tcp'))
  return ports.length === 1 ? Number.parseInt(ports[0] ?? '', 10) : undefined
}

function list(command: string | string[] | undefined): string[] {
  return typeof command === 'string' ? ['/bin/sh', '-c', command] : (command ?? [])
}

/** An argument as a shell would have to be given it. */
export function quoted(argument: string): string {
  return /^[\w@%+=:,./-]+$/.test(argument) ? argument : `'${argument.replaceAll("'", "'\\''")}'`
}
