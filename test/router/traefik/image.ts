/** An image of Traefik, where no registry can be asked for one: the base image of the tests with the binary in it. */
import { execFileSync } from 'node:child_process'
import { createEngine } from '../../../src/engine/engine.ts'
import { stackImage } from '../../support/docker.ts'

const IMAGE = 'trimtab-test/traefik:1'

/** Its name on that engine. */
export async function traefikImage(socket: string, binary: string): Promise<string> {
  const { docker } = createEngine(socket)
  const isThere = await docker
    .getImage(IMAGE)
    .inspect()
    .then(
      () => true,
      () => false,
    )
  if (isThere) return IMAGE
  const container = await docker.createContainer({ Image: await stackImage(socket), Cmd: ['true'] })
  try {
    execFileSync('docker', ['cp', binary, `${container.id}:/usr/local/bin/traefik`], {
      env: { ...process.env, DOCKER_HOST: `unix://${socket}` },
      stdio: 'ignore',
    })
    const [repo, tag] = IMAGE.split(':')
    await container.commit({ repo, tag, changes: ['ENTRYPOINT ["/usr/local/bin/traefik"]'] } as object)
  } finally {
    await container.remove({ force: true })
  }
  return IMAGE
}
