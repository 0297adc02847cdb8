import { lstatSync } from 'node:fs'
import { join } from 'node:path'
import type { ArtifactSettings } from '../../domain.ts'
import { parseProcfile } from '../../manifest/procfile.ts'
import { readPlainFile } from '../files.ts'
import { refused } from './entry.ts'
import type { Kind } from './kind.ts'
import { readZipFile } from './zip.ts'

/** What there is besides the artifact, where it will run. */
export interface Surroundings {
  /** `this machine`, `the base image shop/java:21`. */
  name: string
  /** How to have another: a sentence for a person. */
  remedy: string
  hasProgram(name: string): Promise<boolean>
  hasFile(path: string): Promise<boolean>
}

/** Where a base for .war files has Heroku's webapp-runner (github.com/heroku/webapp-runner). */
const RUNNER = '/opt/webapp-runner.jar'

/** Sized to the memory that the instance may use, unless JAVA_OPTS says otherwise. */
const JAVA = `java \${JAVA_OPTS:--XX:MaxRAMPercentage=75}`

/**
 * The commands that an artifact brings with it: those of a Procfile at an archive's root, else its executable `control`, else what its
 * kind is started with. `dir` is where it was laid out. Throws BuildFailed where there is none, and nobody else has named one.
 */
export async function commandsOf(
  kind: Kind,
  { name, hasCommand }: ArtifactSettings,
  dir: string,
  around: Surroundings,
): Promise<Record<string, string>> {
  const path = join(dir, name)
  switch (kind) {
    case 'binary':
    case 'script':
      return { web: `./${name}` }
    case 'jar':
    case 'war': {
      // Read in any case: it shows whether it is whole.
      const runs = await hasMain(path)
      if (hasCommand) return {}
      if (!runs && kind === 'jar') throw notStartable(`${name} has no Main-Class in its manifest`)
      if (!(await around.hasProgram('java')))
        throw refused(`is to be run by java, which ${around.name} does not have. ${around.remedy}`)
      if (runs) return { web: `${JAVA} -Dserver.port=$PORT -jar ${name}` }
      if (await around.hasFile(RUNNER)) return { web: `${JAVA} -jar ${RUNNER} --port $PORT ${name}` }
      const without = `${name} has no Main-Class in its manifest, so it needs a server, and ${around.name} has no ${RUNNER}`
      throw notStartable(`${without}. Make it an executable .war, or lay it over a base that has a server`)
    }
    default: {
      const commands = inArchive(dir)
      if (commands === null && !hasCommand)
        throw notStartable('it has neither a Procfile nor an executable file "control" at its root')
      return commands ?? {}
    }
  }
}

function inArchive(dir: string): Record<string, string> | null {
  const text = readPlainFile(join(dir, 'Procfile'), 64 * 1024)
  if (text !== null) {
    const { processes, release, problems } = parseProcfile(text, 64 * 1024)
    const [first] = problems
    if (first) throw refused(`has a Procfile with a mistake in line ${first.line}: ${first.message}`)
    return { ...processes, ...(release !== undefined && { release }) }
  }
  const control = lstatSync(join(dir, 'control'), { throwIfNoEntry: false })
  return control?.isFile() && (control.mode & 0o100) !== 0 ? { web: './control start' } : null
}

/** JAR File Specification, "JAR Manifest": lines end in any way, names are of any case. */
async function hasMain(path: string): Promise<boolean> {
  const manifest = await readZipFile(path, 'META-INF/MANIFEST.MF', 256 * 1024)
  return manifest !== null && /^Main-Class:\s*\S/im.test(manifest.toString('utf8'))
}

function notStartable(why: string) {
  return refused(
    `says nothing of how it is started: ${why}. Or name the command in app.yaml (processes: {web: {command: …}}) or in a Procfile`,
  )
}
