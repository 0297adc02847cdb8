/** What a fleet's repository lists at one commit. */
import type { AppSpec, CommitId, FleetSpec, GitSpec } from '../domain.ts'
import { TrimtabError } from '../errors.ts'
import { guardRemoval } from '../plan/guard.ts'
import type { Source } from '../ports.ts'
import { listed } from '../text.ts'
import { discover } from './discover.ts'
import { FLEET_LIMIT, parseFleet } from './file.ts'

/** Reads the mirror, never the network. Throws FleetInvalid, or what the source throws: what cannot be read is not empty. */
export async function listAt(source: Source, fleet: FleetSpec, git: GitSpec, app: AppSpec, commit: CommitId): Promise<AppSpec[]> {
  if (fleet.discover !== undefined) return discover(source, fleet, app, commit)
  const path = fleet.path ?? ''
  const content = await source.read(app, commit, path, FLEET_LIMIT)
  if (content !== null) return parseFleet(content, { fleet, git })
  throw new TrimtabError(
    'FleetInvalid',
    `At commit ${commit.slice(0, 12)} there is no file ${path}. Without apps it says: apps: []`,
  )
}

/** Throws FleetInvalid where most of the apps would go. `declared`: apps that somebody else lists, who only move. */
export function requireMost(before: AppSpec[], after: AppSpec[], declared: AppSpec[]): void {
  const names = (apps: AppSpec[]) => apps.map(({ name }) => name)
  const refused = guardRemoval(names(before), [...names(after), ...names(declared)], 0)
  if (refused !== null) throw new TrimtabError('FleetInvalid', refused)
}

/** `2 more: a, b. 1 gone: c. 1 changed: d`; '' where nothing differs. */
export function difference(before: AppSpec[], after: AppSpec[]): string {
  const was = new Map(before.map((app) => [app.name, JSON.stringify(app)]))
  const is = new Map(after.map((app) => [app.name, JSON.stringify(app)]))
  const parts: Array<[string, string[]]> = [
    ['more', [...is.keys()].filter((name) => !was.has(name))],
    ['gone', [...was.keys()].filter((name) => !is.has(name))],
    ['changed', [...is.keys()].filter((name) => was.has(name) && was.get(name) !== is.get(name))],
  ]
  return parts
    .filter(([, names]) => names.length > 0)
    .map(([what, names]) => `${names.length} ${what}: ${listed(names, MOST_TOLD)}`)
    .join('. ')
}

const MOST_TOLD = 50
