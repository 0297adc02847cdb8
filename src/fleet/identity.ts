/** What a fleet is called, and how it looks to whoever asks repositories: as an app that no app can be. Pure. */
import { repositoryId } from '../config/hooks.ts'
import { withAccess } from '../config/sources.ts'
import type { AppSpec, FleetSpec, GitSpec } from '../domain.ts'

/** `fleet https://git.example.com/fleet.git apps.yaml`. No app's name holds a blank. */
export function fleetName({ repo, branch, path, discover }: FleetSpec): string {
  const at = branch === undefined ? '' : `#${branch}`
  return `fleet ${repo}${at} ${discover ?? path}`
}

/** Whether it is the name of a fleet, also of one that is no more. */
export function isFleetName(name: string): boolean {
  return name.startsWith('fleet ')
}

/** For the poller, and for reading from its mirror. */
export function asApp(fleet: FleetSpec, git: GitSpec): AppSpec {
  const { repo, branch, auth, poll, webhook, verify } = fleet
  return withAccess(
    {
      name: fleetName(fleet),
      repo,
      path: '',
      ...(branch !== undefined && { branch }),
      ...(auth && { auth }),
      ...(poll && { poll }),
      ...(webhook && { webhook }),
      ...(verify && { verify }),
    },
    git,
  )
}

/**
 * A fleet's app with what the operator says of its repository: that of the fleet's own for the fleet's own, however its address
 * is written; for others what platform.yaml has for their host.
 */
export function withTrust(app: AppSpec, fleet: FleetSpec, git: GitSpec): AppSpec {
  if (repositoryId(app.repo) !== repositoryId(fleet.repo)) return withAccess(app, git)
  const { auth, poll, webhook, verify } = fleet
  return withAccess(
    {
      ...(poll && { poll }),
      ...app,
      ...(auth && app.repo === fleet.repo && { auth }),
      ...(webhook && { webhook }),
      ...(verify && { verify }),
    },
    git,
  )
}
