/**
 * What an instance is, written on its container when it is made, and read back from there: whatever runs is recognised without a
 * memory of the platform's. The values of its environment are not in it.
 */
import { z } from 'zod'
import { type InstanceSpec, instanceName, type Listen } from '../../domain.ts'
import { LABEL } from '../../engine/labels.ts'
import { isPlain } from '../names.ts'

const ms = z.number().nonnegative()

/** What trimtab.spec holds, as JSON. What has a label of its own is not repeated. */
const schema = z.object({
  index: z.int(),
  fingerprint: z.string(),
  imageKey: z.string(),
  imageRef: z.string(),
  /** Not built by buildpacks: it has no launcher. */
  foreign: z.boolean(),
  oneOff: z.boolean(),
  stop: z.object({ signal: z.string(), timeoutMs: ms }),
  health: z.object({ path: z.string().exactOptional(), intervalMs: ms, timeoutMs: ms, graceMs: ms }),
  address: z.object({ host: z.string(), port: z.int().min(1).max(65535) }).nullable(),
  startedAt: z.number(),
})

/** `name` is the instance's, not the container's. */
export type Recorded = z.infer<typeof schema> & { name: string; app: string; process: string; release: number; commit: string }

/** What is on a container that is to be stopped: durable, and free for whoever looks next to see. */
export const STOPPING = '.stopping'

export function labelsOf(
  platform: string,
  spec: InstanceSpec,
  { address, startedAt }: { address: Listen | null; startedAt: number },
): Record<string, string> {
  const { index, fingerprint, image, oneOff, stop, health } = spec
  const more: z.infer<typeof schema> = {
    index,
    fingerprint,
    imageKey: image.key,
    imageRef: image.ref,
    foreign: image.foreign !== undefined,
    oneOff,
    stop,
    health,
    address,
    startedAt,
  }
  return {
    [LABEL.platform]: platform,
    [LABEL.app]: spec.app,
    [LABEL.process]: spec.process,
    [LABEL.release]: String(spec.release),
    [LABEL.instance]: instanceName(spec),
    [LABEL.commit]: spec.commit,
    [LABEL.spec]: JSON.stringify(more),
    [LABEL.role]: '', // an image may have one, which its containers would inherit
  }
}

interface Labelled {
  /** The container's, without the slash in front. */
  name: string
  labels: Record<string, string>
  createdAt: number
}

/**
 * Null: no instance of this platform. What an image has as labels its containers have too, whoever starts them: only one that is
 * said to be an app's is an instance. One whose labels are damaged is seen, with as much as can be told.
 */
export function readLabels(platform: string, container: Labelled): Recorded | null {
  const { labels } = container
  if (labels[LABEL.platform] !== platform || labels[LABEL.role]) return null
  if (![LABEL.app, LABEL.instance, LABEL.spec].some((label) => labels[label] !== undefined)) return null
  return whole(labels) ?? fromName(platform, container)
}

function whole(labels: Record<string, string>): Recorded | null {
  const { data } = schema.safeParse(parsed(labels[LABEL.spec] ?? ''))
  const { [LABEL.app]: app = '', [LABEL.process]: process = '', [LABEL.commit]: commit = '' } = labels
  const release = Number(labels[LABEL.release] ?? Number.NaN)
  if (!data || !isPlain(app)) return null
  const name = instanceName({ app, process, release, index: data.index })
  return name === labels[LABEL.instance] ? { ...data, name, app, process, release, commit } : null
}

/** Enough to be seen as not wanted, stopped and removed. */
function fromName(platform: string, { name: called, labels, createdAt }: Labelled): Recorded {
  const name = [STOPPING, `.${platform}`].reduce((left, end) => (left.endsWith(end) ? left.slice(0, -end.length) : left), called)
  const [, inName, process, release, index] = /^([^.]+)\.([^.]+)\.v(\d+)\.(\d+)$/.exec(name) ?? []
  const said = labels[LABEL.app]
  return {
    name,
    app: said !== undefined && isPlain(said) ? said : (inName ?? name.split('.', 1)[0] ?? name),
    process: process ?? 'unknown',
    release: Number(release ?? 0),
    index: Number(index ?? 0),
    commit: '',
    fingerprint: '',
    imageKey: '',
    imageRef: '',
    foreign: true,
    oneOff: false,
    stop: { signal: 'SIGTERM', timeoutMs: 10_000 },
    health: { intervalMs: 5_000, timeoutMs: 2_000, graceMs: 30_000 },
    address: null,
    startedAt: createdAt,
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
