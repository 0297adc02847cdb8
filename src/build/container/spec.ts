import type { ContainerCreateOptions } from 'dockerode'
import type { BuildsSpec } from '../../domain.ts'
import { LABEL } from '../../engine/labels.ts'
import { INSIDE } from './driver.ts'
import { PIDS } from './limits.ts'

/** All that decides what a build's container is: an idle one may be used for a build that would have made the same. */
export interface ContainerWish {
  platform: string
  app: string
  /** Id of the stack image. */
  stack: string
  network: string
  limits: Pick<BuildsSpec, 'memoryBytes' | 'cpus' | 'pids'>
}

/** What the driver does as root: act as the app's user (and end its processes), own the app's folder, write into it. */
const CAPABILITIES = ['SETUID', 'SETGID', 'SETPCAP', 'KILL', 'CHOWN', 'DAC_OVERRIDE']

/**
 * A build's container, as a value. Its image layer takes nothing but the app: all else that a build may write to is a volume that
 * goes with it, but for the app's cache. It has no port, no secret, nothing of the host, and keeps no log: what it says is read.
 */
export function containerSpec({ platform, app, stack, network, limits }: ContainerWish): ContainerCreateOptions {
  return {
    Image: stack,
    User: '0:0',
    Entrypoint: ['/bin/bash'],
    Cmd: [],
    WorkingDir: '/',
    Hostname: 'build',
    AttachStdin: true,
    AttachStdout: true,
    AttachStderr: true,
    OpenStdin: true,
    // Ends by itself when nobody feeds it any more.
    StdinOnce: true,
    Labels: { [LABEL.platform]: platform, [LABEL.role]: 'build' },
    HostConfig: {
      AutoRemove: true,
      NetworkMode: network,
      LogConfig: { Type: 'none', Config: {} },
      CapDrop: ['ALL'],
      CapAdd: CAPABILITIES,
      SecurityOpt: ['no-new-privileges'],
      PidsLimit: limits.pids ?? PIDS,
      ...(limits.memoryBytes !== undefined && { Memory: limits.memoryBytes, MemorySwap: limits.memoryBytes }),
      ...(limits.cpus !== undefined && { NanoCpus: Math.round(limits.cpus * 1e9) }),
      Tmpfs: { '/var/tmp': 'rw,exec,nosuid,nodev,mode=1777' },
      Mounts: [
        { Type: 'volume', Source: '', Target: INSIDE.tmp },
        {
          Type: 'volume',
          Source: cacheVolume(platform, app),
          Target: INSIDE.cache,
          VolumeOptions: {
            NoCopy: true,
            Labels: { [LABEL.platform]: platform, [LABEL.app]: app, [LABEL.role]: 'cache' },
            DriverConfig: { Name: 'local', Options: {} },
          },
        },
      ],
    },
  }
}

/** One for every app, kept from build to build. */
export function cacheVolume(platform: string, app: string): string {
  return `trimtab-${platform}-cache-${app}`
}

/** What a build's container is called. */
export function buildName(platform: string, key: string): string {
  return `trimtab-${platform}-build-${key.slice(0, 12)}`
}

/** What a container is called that is kept ready for an app's next build. */
export function readyName(platform: string, app: string): string {
  return `trimtab-${platform}-ready-${app}`
}

export function buildsNetwork(platform: string): string {
  return `trimtab-${platform}-builds`
}
