import { existsSync } from 'node:fs'
import { delimiter, dirname, isAbsolute } from 'node:path'
import type { BuildsSpec } from '../domain.ts'

/** On the host: the name Heroku's buildpacks read to know what they build for. */
export const STACK = 'host'

/** Marks every process of one build, so that those which left its process group are found too. */
export const COOKIE = 'TRIMTAB_BUILD'

const HOST_BUNDLE = '/etc/ssl/certs/ca-certificates.crt'
const CA_VARIABLES = [
  'NODE_EXTRA_CA_CERTS',
  'npm_config_cafile',
  'PIP_CERT',
  'SSL_CERT_FILE',
  'REQUESTS_CA_BUNDLE',
  'CURL_CA_BUNDLE',
  'GIT_SSL_CAINFO',
  'CARGO_HTTP_CAINFO',
]

/** The same time for whatever a build writes a time into (reproducible-builds.org/specs/source-date-epoch): the exported tree's own. */
export const SOURCE_DATE_EPOCH = '1000000000'

/** The variables that make the tools of a build trust this file of CA certificates; none without one. */
export function caVariables(bundle: string | undefined): Record<string, string> {
  return bundle === undefined ? {} : Object.fromEntries(CA_VARIABLES.map((name) => [name, bundle]))
}

/**
 * Everything a build step finds in its environment on the host. Of the platform's own environment only PATH is in it.
 *
 * HOME is a scratch folder: on the host nothing is mounted at /app. At run time the app's HOME is its slug's folder,
 * which is also the folder given to bin/compile; a path written by a build is therefore still right when it runs.
 * What the host cannot prevent: a build runs as the same user as trimtab, so it may read that user's files, and
 * /proc/<pid>/environ of that user's processes. Only a container, or another user, keeps those from it.
 */
export function buildEnvironment(
  builds: BuildsSpec,
  place: { home: string; tmp: string; cookie: string },
  path: string,
): Record<string, string> {
  const bundle = builds.ca ?? (existsSync(HOST_BUNDLE) ? HOST_BUNDLE : undefined)
  return {
    LANG: 'C.UTF-8',
    SOURCE_DATE_EPOCH,
    ...caVariables(bundle),
    PATH: buildPath(path),
    ...builds.env,
    HOME: place.home,
    TMPDIR: place.tmp,
    STACK,
    [COOKIE]: place.cookie,
  }
}

/**
 * The platform's PATH without what npm put there for the platform itself (`npm start` adds its node_modules/.bin:
 * a build would take our tools for its own), and with a node in any case.
 */
function buildPath(path: string): string {
  const ours = /[/\\](node_modules[/\\]\.bin|node-gyp-bin)$/
  const folders = path.split(delimiter).filter((folder) => isAbsolute(folder) && !ours.test(folder))
  return [...folders, dirname(process.execPath)].join(delimiter)
}
