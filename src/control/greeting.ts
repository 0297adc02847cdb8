/** The first lines of `up`: what is watched, where it answers, how to go on. */
import type { PlatformSpec, RouterSpec, RuntimeSpec } from '../domain.ts'
import { fleetName } from '../fleet/identity.ts'
import type { Control } from '../ports.ts'

/** `root`: the code of every app runs as root. */
export function greeting(platform: PlatformSpec, urls: (app: string) => string[], root: boolean): string[] {
  const { apps, fleets } = platform
  const counted = `${apps.length} ${apps.length === 1 ? 'app' : 'apps'}`
  const watched = apps.length === 0 && fleets.length > 0 ? 'the apps that git lists' : counted
  const width = Math.max(...apps.map((app) => app.name.length), 0)
  return [
    ...(root
      ? [
          'Warning: trimtab runs as root, and on this runtime so does the code of every repository it deploys. Give it a user of its own.',
        ]
      : []),
    `Watching ${watched}: each commit is built and goes live by itself, and a revert brings the old version back.`,
    ...apps.map((app) => `  ${app.name.padEnd(width)}  ${urls(app.name).join('  ')}`.trimEnd()),
    ...fleets.map(
      (fleet) => `  ${fleetName(fleet)}: ${fleet.discover === undefined ? 'a line' : 'a folder'} more is an app more`,
    ),
    'In another terminal: trimtab status, trimtab events -f, trimtab logs <app>. Ctrl-C ends trimtab; the apps keep running.',
  ]
}

type Decided = { runtime: Exclude<RuntimeSpec, { kind: 'auto' }>; router: RouterSpec }

/** What `trimtab version` tells of a platform that runs. */
export function describePlatform(version: string, state: string, { runtime, router }: Decided): ReturnType<Control['version']> {
  const { host, port } = router.listen
  return {
    version,
    pid: process.pid,
    state,
    runtime: runtime.kind === 'docker' ? `docker at ${runtime.socket}, as ${runtime.name}` : 'process',
    router: `${router.kind === 'traefik' ? `traefik (${router.run.by})` : router.kind} on ${host}:${port}`,
    startedAt: new Date().toISOString(),
  }
}
