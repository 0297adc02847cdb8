import type { Part } from '../need.ts'

/** What runs, as it is seen from outside of trimtab. */
export interface Running {
  name: string
  process: string
  release: number
  index: number
  /** Another one for every start: a process id, a container id. */
  id: string
}

type Keys = Record<string, unknown>

export interface KindRuntime {
  name: string
  /** Apps and builds are processes of this machine, with its files, its users and the state directory's disk. */
  isOnHost: boolean
  /** Why it cannot be had here; null: it can. */
  missing(): Promise<string | null>
  /** Keys of platform.yaml. */
  keys(state: string): Promise<Keys>
  /** The same, with room for so many instances and no more. */
  tight(state: string, instances: number): Promise<Keys>
  /** Instances of an app that run now, sorted by name; without one-offs. */
  running(state: string, app: string): Running[]
  /** How many release phases and other one-offs of an app run now. */
  oneOffs(state: string, app: string): number
  /** The instance's processes stand still until thawed, or killed. */
  freeze(state: string, instance: Running): void
  kill(state: string, instance: Running): void
  /** What runs that is neither an instance nor one of these processes (or their children), in words. */
  strangers(dir: string, state: string, known: number[]): string[]
  /** What still runs of a platform in this directory, in words; nothing should. */
  leftOvers(dir: string): string[]
  /** Takes away what stays on purpose when a platform goes down: images, caches, networks. */
  strike(state: string): void
}

export interface KindRouter {
  name: string
  missing(): Promise<string | null>
  /** The value of `router:`. */
  keys(port: number): Promise<Keys>
  /** Another one for every start; null: none runs. */
  pid(state: string): string | null
  kill(state: string): void
  leftOvers(dir: string): string[]
}

export interface Kind extends Omit<KindRuntime, 'keys' | 'tight'> {
  needs: Part[]
  keys(state: string, routerPort: number): Promise<Keys>
  tight(state: string, routerPort: number, instances: number): Promise<Keys>
  /** The router's id: another one for every start. */
  router(state: string): string | null
  killRouter(state: string): void
}
