/** Everything `trimtab doctor` looks at, all at once. */
import { dirname, join } from 'node:path'
import type { PlatformSpec } from '../../domain.ts'
import type { Context } from '../context.ts'
import { checkCertificates } from './certificates.ts'
import { type Check, inTime } from './check.ts'
import { checkClock } from './clock.ts'
import { checkDns } from './dns.ts'
import { checkDocker } from './docker.ts'
import { checkLists } from './lists.ts'
import { checkPlace } from './place.ts'
import { checkFile, checkRunning } from './platform.ts'
import { checkPorts } from './ports.ts'
import { checkPrograms } from './programs.ts'
import { checkSystem } from './system.ts'
import { checkTraefik } from './traefik.ts'

export async function examine(context: Context): Promise<Check[]> {
  const file = await checkFile(context)
  const spec = file.spec ?? (await defaults(context))
  const up = file.check.level === 'warn' ? null : await checkRunning(context)
  const engine = await checkDocker(spec, context.env)
  const containers = runsContainers(spec, up?.runtime ?? null, engine.usable)
  const rest = await Promise.all([
    inTime('fleet', checkLists(context)),
    inTime('traefik', checkTraefik(spec, context.env)),
    inTime('certificates', checkCertificates(spec)),
    inTime('ports', checkPorts(spec, { running: up !== null && up.runtime !== null, env: context.env })),
    inTime('dns', checkDns(spec.domain)),
    inTime('programs', checkPrograms({ builds: !containers })),
    inTime('state', checkPlace(spec.state)),
    inTime('clock', checkClock(spec.state)),
    inTime('system', checkSystem({ containers })),
  ])
  return [file.check, ...(up === null ? [] : [up.check]), ...engine.checks, ...rest.flat()]
}

/** Without a file that can be used, the defaults are looked at: they are what a first one would have. */
async function defaults({ config, state }: Context): Promise<PlatformSpec> {
  const { parsePlatform } = await import('../../config/platform.ts')
  const spec = parsePlatform('apps: []', { file: config, env: {} })
  return { ...spec, state: await state().catch(() => join(dirname(config), '.trimtab')) }
}

/** `running`: what the platform that runs says of itself; null: none does. */
function runsContainers({ runtime }: PlatformSpec, running: string | null, usable: boolean): boolean {
  if (runtime.kind !== 'auto') return runtime.kind === 'docker'
  return running === null ? usable : running.startsWith('docker')
}
