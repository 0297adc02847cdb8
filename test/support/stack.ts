/** The image that test engines build and run on: made of Debian packages once a machine, as `trimtab stack build` makes one. */
import { execFile } from 'node:child_process'
import { createReadStream, existsSync } from 'node:fs'
import { promisify } from 'node:util'
import { createEngine, isMissing } from '../../src/engine/engine.ts'
import { cached, cachePath } from './cache.ts'

const RECIPE = {
  suite: 'bookworm',
  packages: ['bash', 'ca-certificates', 'curl', 'git', 'nodejs', 'npm', 'procps', 'python3', 'python3-pip', 'python3-venv'],
  options: ['--variant=minbase', '--mode=root', '--format=tar'],
}
const IMAGE = 'trimtab-test/stack:1'

export function stackTarMissing(): string | null {
  return existsSync(cachePath('stack', RECIPE))
    ? null
    : 'no base image in the cache yet; TRIMTAB_REQUIRE=docker npm test makes one (apt-get install mmdebstrap)'
}

/** The image as a tar file. Takes a minute where it is not in the cache. */
export function stackTar(): Promise<string> {
  const { suite, packages, options } = RECIPE
  return cached('stack', RECIPE, async (path) => {
    await promisify(execFile)('mmdebstrap', [...options, `--include=${packages.join(',')}`, suite, path], { maxBuffer: 64 << 20 })
  })
}

/** Loads it, unless it is there. */
export async function loadStack(socket: string): Promise<string> {
  const engine = createEngine(socket)
  try {
    await engine.ask((docker) => docker.getImage(IMAGE).inspect())
  } catch (error) {
    if (!isMissing(error)) throw error
    const [repo, tag] = IMAGE.split(':')
    const answer = await engine.docker.importImage(createReadStream(await stackTar()), { repo, tag })
    await new Promise((resolve, reject) =>
      engine.docker.modem.followProgress(answer, (error) => (error ? reject(error) : resolve(null))),
    )
  }
  return IMAGE
}
