/** Which processes a release has, and all that is decided about each. */
import type { Health, Image, Manifest, Process, ProcessSettings, Stop } from '../domain.ts'
import { TrimtabError } from '../errors.ts'
import { oneLine } from '../text.ts'

export const STOP: Stop = { signal: 'SIGTERM', timeoutMs: 30_000 }
const WITH_PATH: Health = { intervalMs: 5_000, timeoutMs: 2_000, graceMs: 30_000 }
/** Without a path any page may be what is asked for, and pages are slower than health checks. */
export const WITHOUT_PATH: Health = { intervalMs: 10_000, timeoutMs: 10_000, graceMs: 30_000 }

/**
 * The processes of a commit: the Procfile's, or where there is none the buildpack's, with what `processes:` says of each.
 * Those that `processes:` does not name run once. Sorted by type. Throws NoProcesses, or ManifestInvalid with every type that has no command.
 */
export function processesOf(manifest: Manifest, image: Image): Process[] {
  const commands = new Map(Object.entries(manifest.procfile ?? image.processTypes).filter(([type]) => type !== 'release'))
  for (const [type, settings] of Object.entries(manifest.processes)) {
    if (settings.command !== undefined) commands.set(type, settings.command)
  }
  const missing = Object.keys(manifest.processes).filter((type) => !commands.has(type))
  if (missing.length > 0)
    throw new TrimtabError('ManifestInvalid', missing.map((type) => noCommand(type, [...commands.keys()])).join('\n'))
  if (commands.size === 0) {
    throw new TrimtabError(
      'NoProcesses',
      `There is nothing to run: no Procfile, no processes with a command in app.yaml, and the buildpack names none. ${whatToWrite(image)}`,
    )
  }
  return [...commands]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([type, command]) => decide(type, command, manifest.processes[type]))
}

function decide(type: string, command: string, settings: ProcessSettings = {}): Process {
  const health = settings.health?.path === undefined ? WITHOUT_PATH : WITH_PATH
  return {
    type,
    command,
    scale: settings.scale ?? 1,
    health: { ...health, ...settings.health },
    stop: { ...STOP, ...settings.stop },
    ...(settings.limits && { limits: settings.limits }),
  }
}

function whatToWrite({ materials }: Image): string {
  const [first] = Object.entries(materials?.proposed ?? {})
  return first === undefined
    ? 'Add a Procfile with a line such as "web: node server.js".'
    : `Add a Procfile with the line that the buildpack proposes: "${first[0]}: ${oneLine(first[1])}". The log of the build says more.`
}

function noCommand(type: string, known: string[]): string {
  const have = known.length > 0 ? `; there are commands for ${known.sort().join(', ')}` : ''
  return `app.yaml processes.${type}: expected a command, here or in the Procfile, got none${have}`
}
