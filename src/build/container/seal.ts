import { parseProcfile } from '../../manifest/procfile.ts'
import type { Bill } from '../bill.ts'
import { APP_USER, INSIDE } from './driver.ts'
import { LAUNCH } from './launch.ts'
import type { Stack } from './stack.ts'

const PROCFILE_BYTES = 64 * 1024

/** trimtab's own files in an image, by their names in /app/.trimtab. */
export function ownFiles(procfile: string | null, { processTypes, configVars }: Bill): Array<[name: string, content: string]> {
  return [
    ['launch', LAUNCH],
    ...Object.entries(commandsOf(procfile, processTypes)).map(([type, line]): [string, string] => [`processes/${type}`, line]),
    ...Object.entries(configVars).map(([name, value]): [string, string] => [`config/${name}`, value]),
  ]
}

/** The Procfile's, or where there is none the buildpack's. */
function commandsOf(procfile: string | null, byDefault: Record<string, string>): Record<string, string> {
  if (procfile === null) return byDefault
  const { processes, release } = parseProcfile(procfile, PROCFILE_BYTES)
  return { ...processes, ...(release !== undefined && { release }) }
}

/**
 * The time of every file in an image, in seconds: the same for the same inputs, and another for others. Web servers make validators of
 * times and sizes: with one and the same time for ever, a browser would be told that its old copy of a changed file is the new one.
 */
export function timeOf(key: string): string {
  return String(1_000_000_000 + Number.parseInt(key.slice(0, 7), 16))
}

/** How an image runs by itself. Its environment is the stack's and HOME, nothing of the build's. */
export function imageConfig(stack: Stack, labels: Record<string, string>): Record<string, unknown> {
  return {
    Entrypoint: ['/bin/bash', `${INSIDE.app}/.trimtab/launch`],
    Cmd: ['web'],
    User: `${APP_USER}:${APP_USER}`,
    WorkingDir: INSIDE.app,
    Env: [...stack.env.filter((pair) => !pair.startsWith('HOME=')), `HOME=${INSIDE.app}`],
    Labels: labels,
  }
}
