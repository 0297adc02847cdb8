/** A fleet's file → its apps, or every reason why not. Pure: whoever can push to that repository has written it. */
import { isAbsolute } from 'node:path'
import { transportOf } from '../config/address.ts'
import { hostOf, previewsOf } from '../config/sources.ts'
import type { AppSpec, FleetSpec, GitSpec } from '../domain.ts'
import { check } from '../manifest/check.ts'
import { invalid } from '../manifest/problems.ts'
import { pathKey } from '../manifest/tree.ts'
import { readYaml } from '../manifest/yaml.ts'
import { fleetSchema, type ParsedFleet } from './schema.ts'

/** Largest fleet file, in bytes. */
export const FLEET_LIMIT = 2 * 1024 * 1024

/** This repository, whatever its address. */
const OWN = '.'

/**
 * The apps in the file's order, without anything that is the operator's to say (auth, webhook, verify, forge). Throws FleetInvalid,
 * with a line `apps.yaml:3:5 apps[1].repo: …` for every problem. `git`: null where platform.yaml is not at hand: what depends on it is
 * not looked at.
 */
export function parseFleet(input: Buffer | string, { fleet, git }: { fleet: FleetSpec; git: GitSpec | null }): AppSpec[] {
  const file = readYaml(input, FLEET_LIMIT, { expand })
  const { data, problems } = check(file, fleetSchema)
  const all = [...problems]
  // Also where something else is wrong with it, so that all is told at once.
  for (const [path, name, message] of refused(file.value, fleet, git)) {
    if (all.some((problem) => problem.path === name)) continue
    const { line = 1, column = 1 } = file.places.get(pathKey(path)) ?? {}
    all.push({ line, column, path: name, message })
  }
  if (data === null || all.length > 0) throw invalid('FleetInvalid', [{ file: fleet.path ?? '', problems: all }])
  return data.apps.map((app) => specOf(app, fleet))
}

function expand(text: string): { text: string } | { problem: string } {
  if (!text.includes(`\${`)) return { text }
  return { problem: `holds \${…}, which is for platform.yaml: a file in git is given nothing of the environment` }
}

function specOf({ repo, path, previews, branch, tag, ...rest }: ParsedFleet['apps'][number], fleet: FleetSpec): AppSpec {
  // What of the fleet's own repository is deployed is its branch, as the list itself is.
  const own = branch ?? (repo === OWN && tag === undefined ? fleet.branch : undefined)
  return {
    ...rest,
    repo: repo === OWN ? fleet.repo : repo,
    path,
    ...(own !== undefined && { branch: own }),
    ...(tag !== undefined && { tag }),
    ...(previews && { previews: previewsOf(previews) }),
  }
}

type Refused = [path: Array<string | number>, name: string, message: string]

/** What depends on platform.yaml. Of a file that may still be anything. */
function* refused(value: unknown, fleet: FleetSpec, git: GitSpec | null): Generator<Refused> {
  const { apps } = (value ?? {}) as { apps?: unknown }
  for (const [index, app] of Array.isArray(apps) ? apps.entries() : []) {
    const { repo, previews } = (app ?? {}) as { repo?: unknown; previews?: unknown }
    if (typeof repo !== 'string') continue
    const at = (key: string): [Array<string | number>, string] => [['apps', index, key], `apps[${index}].${key}`]
    const message = repo === OWN ? null : notAllowed(repo, git)
    if (message !== null) yield [...at('repo'), message]
    const host = hostOf(repo === OWN ? fleet.repo : repo)
    if (git && previews && (host === null || !Object.hasOwn(git.forges, host))) {
      yield [...at('previews'), 'needs a forge to ask for pull requests: git.forges of platform.yaml, by host']
    }
  }
}

function notAllowed(repo: string, git: GitSpec | null): string | null {
  const transport = transportOf(repo)
  if (transport === 'file' && !repo.startsWith('file:') && !isAbsolute(repo))
    return `a relative path has no meaning here; write the whole address, or ${OWN} for this repository`
  return git === null || git.allow.includes(transport) ? null : `git.allow of platform.yaml does not name ${transport}`
}
