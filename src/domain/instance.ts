/** What runs, and what is routed to it. */
import type { CommitId } from './commit.ts'
import type { Listen } from './machinery.ts'
import type { Health, Limits, Stop } from './manifest.ts'
import type { Image, Route } from './release.ts'

/** Who an instance is; all of it is written on the instance itself (labels, spec file) and read back from there. */
export interface InstanceId {
  app: string
  process: string
  /** Release version that started it. */
  release: number
  /** From 1. */
  index: number
}

/** `hello.web.v12.1`: derives from app, process, release and index; nothing random. No app's or process's name holds a dot. */
export function instanceName(id: InstanceId): string {
  return `${id.app}.${id.process}.v${id.release}.${id.index}`
}

/** What a runtime is asked to start. */
export interface InstanceSpec extends InstanceId {
  commit: CommitId
  fingerprint: string
  image: Image
  command: string
  /** All but PORT, which the runtime chooses and adds. */
  env: Record<string, string>
  stop: Stop
  health: Health
  limits?: Limits
  /** True for a release-phase command or another one-off: it is expected to end, is given no port and never started again. */
  oneOff: boolean
}

/** What the runtime sees of one instance, now. */
export interface Instance extends InstanceId {
  name: string
  commit: CommitId
  fingerprint: string
  imageKey: string
  oneOff: boolean
  stop: Stop
  health: Health
  state: 'running' | 'stopping' | 'exited'
  /** Where its PORT answers. Absent for one-offs. */
  address?: Listen
  startedAt: number
  /** Set when state is 'exited'. code: null when nobody could see it (killed with its supervisor). why: what the runtime knows besides. */
  exit?: { at: number; code: number | null; signal: string | null; why?: string }
  /** Operating-system process id, where the runtime has one. */
  pid?: number
}

/** What an instance uses now. */
export interface Usage {
  name: string
  memoryBytes: number
  /** 1 is one core. */
  cpus: number
}

/** One app's whole routing: what its route file says. */
export interface RouteTable {
  app: string
  routes: Array<Route & { servers: Listen[] }>
}
