/** What an engine that answers says of itself. */
import { existsSync } from 'node:fs'
import { statfs } from 'node:fs/promises'
import { type Check, fail, ok, warn } from './check.ts'
import { ownContainer } from './container.ts'
import { roomOn } from './place.ts'

export type Engine = import('../../engine/engine.ts').Engine

/** API 1.41 is Docker 20.10's. */
const OLDEST_API = [1, 41]
/** Storage drivers that share layers and need no tuning; the containerd image store calls the first one overlayfs. */
const GOOD_STORAGE = ['overlay2', 'overlayfs', 'btrfs', 'zfs', 'fuse-overlayfs']

/** As far as dockerode's own types leave it out. */
interface Info {
  LiveRestoreEnabled?: boolean
  Driver: string
  DockerRootDir: string
  OSType: string
  MemoryLimit: boolean
  CpuCfsQuota: boolean
  PidsLimit?: boolean
  SecurityOptions?: string[]
}

export async function checkEngine(engine: Engine, limitMs: number): Promise<Check[]> {
  const version = await engine.ask((docker) => docker.version(), limitMs)
  const info = (await engine.ask((docker) => docker.info(), limitMs)) as Info
  return [
    checkVersion(version, info, engine.socket),
    checkLiveRestore(info),
    checkStorage(info),
    ...checkLimits(info),
    await checkRoom(info.DockerRootDir),
  ]
}

export function checkVersion(
  { Version, ApiVersion }: { Version: string; ApiVersion: string },
  info: Pick<Info, 'OSType' | 'SecurityOptions'>,
  socket: string,
): Check {
  const name = 'docker'
  const text = `${Version}, API ${ApiVersion}, at ${socket}`
  const [major = 0, minor = 0] = ApiVersion.split('.').map(Number)
  const [wantedMajor = 0, wantedMinor = 0] = OLDEST_API
  if (major < wantedMajor || (major === wantedMajor && minor < wantedMinor)) {
    return fail(name, `${text}: too old`, 'Docker 20.10 or newer: https://docs.docker.com/engine/install/')
  }
  if (info.OSType !== 'linux') return fail(name, `${text}: its containers are ${info.OSType}`, 'Switch it to Linux containers')
  if (info.SecurityOptions?.some((option) => option.includes('name=rootless')) && ownContainer() === null) {
    const why = 'it is a rootless one: the addresses of its containers cannot be reached from outside of it'
    return fail(name, `${text}: ${why}`, 'Use an engine that runs as root, or run trimtab in a container of this one')
  }
  return ok(name, text)
}

function checkLiveRestore({ LiveRestoreEnabled }: Info): Check {
  const name = 'live-restore'
  if (LiveRestoreEnabled) return ok(name, 'on: apps serve on while the engine restarts')
  const remedy = 'Put {"live-restore": true} into /etc/docker/daemon.json, then systemctl reload docker (not possible with Swarm)'
  return warn(name, 'off: a restart of the engine stops every app for some seconds', remedy)
}

function checkStorage({ Driver }: Info): Check {
  if (GOOD_STORAGE.includes(Driver)) return ok('docker storage', Driver)
  const remedy = 'Use overlay2: https://docs.docker.com/engine/storage/drivers/select-storage-driver/'
  return warn('docker storage', `${Driver} is slow, and takes the whole size of an image for every container`, remedy)
}

function checkLimits({ MemoryLimit, CpuCfsQuota, PidsLimit }: Info): Check[] {
  const missing = [
    ...(MemoryLimit ? [] : ['memory']),
    ...(CpuCfsQuota ? [] : ['cpus']),
    ...(PidsLimit === false ? ['processes'] : []),
  ]
  if (missing.length === 0) return []
  const remedy = 'Boot with cgroup_enable=memory swapaccount=1, or with cgroup v2'
  return [warn('docker limits', `this kernel does not limit ${missing.join(', ')} of containers`, remedy)]
}

/** Images and containers are kept there; in a container it is not to be seen. */
async function checkRoom(root: string): Promise<Check> {
  const name = 'docker disk'
  const stats = existsSync(root) && ownContainer() === null ? await statfs(root).catch(() => null) : null
  return stats === null
    ? ok(name, `${root} is not to be seen from here`)
    : roomOn(name, root, stats, 'images and containers are kept there')
}
