/**
 * The image of trimtab itself, as the last stage of the Dockerfile makes it. What that takes from a package mirror, and what the stage
 * before it compiles, is taken from this machine: the same code, and minutes less.
 */
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { pack } from 'tar-fs'
import { type Engine, isMissing } from '../../src/engine/engine.ts'
import { CompiledCli } from '../support/compiled-cli.ts'

const root = join(import.meta.dirname, '../..')
const read = (path: string) => readFileSync(join(root, path), 'utf8')

/** Makes it under this name, on a base that has git and bash already. */
export async function makeImage(engine: Engine, name: string, base: string): Promise<void> {
  const context = mkdtempSync(join(tmpdir(), 'trimtab-image-'))
  try {
    writeFileSync(join(context, 'Dockerfile'), lastStage(base))
    for (const path of ['package.json', 'LICENSE', 'bin', 'buildpacks', 'docs'])
      cpSync(join(root, path), join(context, path), { recursive: true })
    await addBuilt(context)
    addPrograms(context)
    const stream = await engine.docker.buildImage(pack(context), { t: name, networkmode: 'none', rm: true, forcerm: true })
    await new Promise<void>((resolve, reject) => {
      engine.docker.modem.followProgress(stream, (error) => (error ? reject(error) : resolve()))
    })
    await engine.ask((docker) => docker.getImage(name).inspect())
  } finally {
    rmSync(context, { recursive: true })
  }
}

export async function removeImage(engine: Engine, name: string): Promise<void> {
  await engine
    .ask((docker) => docker.getImage(name).remove({ force: true }))
    .catch((error) => {
      if (!isMissing(error)) throw error
    })
}

function lastStage(base: string): string {
  const text = read('Dockerfile')
  const stage = text.slice(text.lastIndexOf('\nFROM ') + 1)
  return [
    [/^FROM \$\{BASE\}$/m, `FROM ${base}`],
    [/^RUN apt-get update(?:.*\\\n)* .*$/m, 'COPY programs /usr/local/bin'],
    [/^COPY --from=build \/app\/node_modules /m, 'COPY node_modules '],
    [/^COPY --from=build \/app\/dist /m, 'COPY dist '],
  ].reduce((before, [what, by]) => {
    const after = before.replace(what as RegExp, by as string)
    if (after === before) throw new Error(`The Dockerfile has nothing like ${what}.`)
    return after
  }, stage)
}

/** What the stage before leaves: the compiled sources, and the packages that they need. */
async function addBuilt(context: string): Promise<void> {
  const cli = await CompiledCli.make()
  cpSync(join(cli.home, 'dist'), join(context, 'dist'), { recursive: true })
  cli.remove()
  const { packages } = JSON.parse(read('package-lock.json')) as {
    packages: Record<string, { dev?: boolean; devOptional?: boolean }>
  }
  for (const [path, { dev, devOptional }] of Object.entries(packages)) {
    if (path === '' || dev || devOptional || !existsSync(join(root, path))) continue
    const leaveOut =
      /\/better-sqlite3\/(?:deps|src|build\/(?!Release(?:$|\/better_sqlite3\.node$)))|\/node_modules\/.+\/node_modules$/
    cpSync(join(root, path), join(context, path), { recursive: true, filter: (from) => !leaveOut.test(from) })
  }
}

/** The Node that the packages were compiled for, and an init: Docker comes with one. */
function addPrograms(context: string): void {
  mkdirSync(join(context, 'programs'))
  cpSync(process.execPath, join(context, 'programs/node'), { dereference: true })
  const places = (process.env.PATH ?? '').split(delimiter).concat('/usr/libexec/docker', '/usr/sbin')
  const init = places
    .flatMap((place) => ['docker-init', 'tini-static', 'tini'].map((name) => join(place, name)))
    .find((path) => existsSync(path))
  if (init === undefined) throw new Error('There is no docker-init on this machine.')
  cpSync(init, join(context, 'programs/tini'), { dereference: true })
}
