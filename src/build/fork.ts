/** A build of somebody who may not push: what it is given, and what of it counts for nobody else. */
import type { AppSpec, BuildsSpec } from '../domain.ts'

/** Where the network is reached, and where packages come from. Whatever else stands in `builds.env` may be there to open something. */
const ADDRESSES = new Set(
  [
    'HTTP_PROXY',
    'HTTPS_PROXY',
    'FTP_PROXY',
    'ALL_PROXY',
    'NO_PROXY',
    'NPM_CONFIG_REGISTRY',
    'PIP_INDEX_URL',
    'PIP_EXTRA_INDEX_URL',
    'UV_INDEX_URL',
    'GOPROXY',
    'GOSUMDB',
    'GONOSUMDB',
  ].flatMap((name) => [name, name.toLowerCase()]),
)

export function isFork(app: AppSpec): boolean {
  return app.preview?.isFork === true
}

/** Of `builds.env`, the addresses above, unless a name and password are part of one. */
export function buildsFor(app: AppSpec, builds: BuildsSpec): BuildsSpec {
  if (!isFork(app)) return builds
  const isOpen = ([name, value]: [string, string]) => ADDRESSES.has(name) && !value.includes('@')
  return { ...builds, env: Object.fromEntries(Object.entries(builds.env).filter(isOpen)) }
}

/**
 * Part of the key. The cache of a build is not, and a fork's later commit is built with what an earlier one has left there; so no image of a
 * fork is ever that of another app, and least of all that of the same tree when it is merged.
 */
export function forkMark(app: AppSpec): string[] {
  return isFork(app) ? ['fork', app.name] : []
}

/**
 * Keeps the cache mounts of a fork's Dockerfile apart from all others, which go by their target alone
 * (BUILDKIT_CACHE_MOUNT_NS, https://docs.docker.com/reference/dockerfile/#buildkit-built-in-build-args).
 */
export function cacheMounts(app: AppSpec): Record<string, string> {
  return isFork(app) ? { BUILDKIT_CACHE_MOUNT_NS: `trimtab-${app.name}` } : {}
}
