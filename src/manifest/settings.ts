/** `build:` as it was written → what it comes to. */
import type { z } from 'zod'
import type { BuildSettings, DockerfileSettings } from '../domain.ts'
import { asWritten } from './environment.ts'
import type { Procfile } from './procfile.ts'
import type { appSchema } from './schema.ts'
import type { YamlFile } from './yaml.ts'

type Written = z.output<typeof appSchema>

/** The build's settings. What else the two files say counts only as far as an artifact needs no command of its own. */
export function settingsOf({ build = {}, processes = {} }: Written, procfile: Procfile | null, file: YamlFile): BuildSettings {
  const { buildpacks, dockerfile, image, artifact, cnb, env, timeout } = build
  const hasCommand = procfile !== null || Object.values(processes).some(({ command }) => command !== undefined)
  return {
    ...(buildpacks !== undefined && { buildpacks }),
    ...(dockerfile !== undefined && { dockerfile: dockerfileOf(dockerfile, file) }),
    ...(image !== undefined && { image }),
    ...(artifact !== undefined && { artifact: { ...artifact, hasCommand } }),
    ...(cnb !== undefined && { cnb: typeof cnb === 'string' ? { builder: cnb } : cnb }),
    env: asWritten(env, file, ['build', 'env']),
    ...(timeout !== undefined && { timeoutMs: timeout }),
  }
}

function dockerfileOf(written: NonNullable<NonNullable<Written['build']>['dockerfile']>, file: YamlFile): DockerfileSettings {
  const { path = 'Dockerfile', args, secrets = [], ...rest } = written
  return { path, args: asWritten(args, file, ['build', 'dockerfile', 'args']), secrets: [...secrets].sort(), ...rest }
}
