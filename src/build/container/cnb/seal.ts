import type { ImageInspectInfo } from 'dockerode'
import type { Image } from '../../../domain.ts'
import { isMissing } from '../../../engine/engine.ts'
import { imageRef } from '../../../engine/labels.ts'
import { TrimtabError } from '../../../errors.ts'
import type { Bill } from '../../bill.ts'
import { diskFull } from '../../space.ts'
import type { Work } from '../../workshop.ts'
import { commit } from '../commit.ts'
import type { BuildContainer } from '../containers.ts'
import { INSIDE } from '../driver.ts'
import { imageOf, labelsOf } from '../label.ts'
import { imageConfig, timeOf } from '../seal.ts'
import { buildName } from '../spec.ts'
import { ENGINE_DISK } from '../trouble.ts'
import type { Yard } from '../yard.ts'
import { LAUNCH } from './launch.ts'
import { CNB } from './places.ts'

/** To carry a large app from one container to another. */
const CARRY_MS = 10 * 60_000

interface Built {
  container: BuildContainer
  bill: Bill
  /** The builder, and what its tag was. */
  from: { reference: string; digest?: string }
  run: ImageInspectInfo
  api: string
}

/** Makes the image: what the app runs on, and the app's folder out of the build's container. */
export async function sealCnb(yard: Yard, { plan, log }: Work, { container, bill, from, run, api }: Built): Promise<Image> {
  const { engine, platform, containers } = yard
  const write = (chunk: Buffer) => log.write(chunk)
  const sealed = await container.session.ask('seal', [timeOf(plan.key), 'launch', LAUNCH], { out: write, err: write })
  if (sealed !== 0) throw diskFull(ENGINE_DISK, 'the image cannot be finished')
  const labels = labelsOf(platform, plan.key, { ...bill, ...from, stack: run.Id })
  const own = [`CNB_APP_DIR=${INSIDE.app}`, `CNB_LAYERS_DIR=${CNB.layers}`, `CNB_PLATFORM_API=${api}`]
  const config = imageConfig({ id: run.Id, env: [...(run.Config.Env ?? []), ...own] }, { ...run.Config.Labels, ...labels })

  await containers.borrow(run.Id, ['/'], `${buildName(platform, plan.key)}-run`, async (id) => {
    const target = engine.docker.getContainer(id)
    await requireShell(() => engine.ask(() => target.infoArchive({ path: '/bin/bash' })))
    const archive = await engine.ask((docker) => docker.getContainer(container.id).getArchive({ path: INSIDE.app }))
    await engine.ask((_, abortSignal) => target.putArchive(archive, { path: '/', abortSignal }), CARRY_MS)
    await commit(engine, id, imageRef(platform, plan.key), config)
  })
  const image = imageOf(platform, plan.key, labels)
  if (!image) throw new TypeError('labels that tell of no image')
  yard.shelf.add(image)
  return image
}

async function requireShell(look: () => Promise<unknown>): Promise<void> {
  try {
    await look()
  } catch (cause) {
    if (!isMissing(cause)) throw cause
    const message = 'The run image has no bash, as those called tiny or static. Name another: build: {cnb: {builder: …, run: …}}.'
    throw new TrimtabError('BuildFailed', message, { cause })
  }
}
