/**
 * The one error type. It is made where the fault is understood: there, and only there, is it known whether
 * trying the same thing again can help.
 */

/** Stable, machine-readable names; users and tests bind to them. PascalCase, what went wrong. */
export type FailureCode =
  | 'SourceUnreachable' // network, host down, credentials refused: trying again may help
  | 'RepositoryGone' // the path or address names no repository any more
  | 'RepositoryEmpty' // a repository without a commit
  | 'BranchMissing' // the branch is not there (deleted, or never was)
  | 'PathMissing' // the app's `path` is not in the commit
  | 'ManifestInvalid' // app.yaml or Procfile
  | 'ConfigInvalid' // platform.yaml
  | 'Untrusted' // the commit is not signed by anybody who may
  | 'FleetInvalid' // the list of apps in git
  | 'DependencyMissing' // it depends on an app that there is not
  | 'DependencyCycle' // apps that wait for one another
  | 'ForgeRefused' // a forge's API said no
  | 'SourceInvalid' // the tree holds what is refused: a submodule, a link that leaves it
  | 'NoBuildpack' // nothing detected
  | 'BuildFailed'
  | 'BuildTimeout'
  | 'BuildCancelled'
  | 'DiskFull'
  | 'NoProcesses' // neither Procfile nor app.yaml nor buildpack names a process
  | 'RouteTaken' // another app serves this host and path already
  | 'ReleaseFailed' // the release phase exited non-zero
  | 'StartFailed' // the platform could not start the process at all
  | 'CrashLoop' // started, and exited again and again
  | 'NotReady' // started, and never answered its health check in its grace time
  | 'NoPort' // no free port in the range
  | 'RuntimeUnavailable'
  | 'RouterUnavailable'
  | 'StateNewer' // the state directory is of a newer version of trimtab
  | 'StateLocked' // another `up` owns it
  | 'NotFound'
  | 'Usage'
  | 'Internal'

/** What is told of a failure, anywhere: store, events, API, terminal. Never holds a secret. */
export interface Failure {
  code: FailureCode
  /** One or more lines for a person: what, where, and what to do next. May end with the last lines of a log. */
  message: string
}

export class TrimtabError extends Error {
  readonly code: FailureCode
  /** True where the very same request may succeed later with nothing changed (network, a busy host, a full disk). */
  readonly retry: boolean
  /** How long the other side asked to be left alone (Retry-After), where it did. */
  readonly retryAfterMs: number | undefined

  constructor(
    code: FailureCode,
    message: string,
    options: { retry?: boolean; retryAfterMs?: number | undefined; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'TrimtabError'
    this.code = code
    this.retry = options.retry ?? false
    this.retryAfterMs = options.retryAfterMs
  }

  get failure(): Failure {
    return { code: this.code, message: this.message }
  }
}

/** Anything thrown, as a TrimtabError. What is not one of ours is `Internal` and worth a retry. */
export function asTrimtabError(thrown: unknown): TrimtabError {
  if (thrown instanceof TrimtabError) return thrown
  const message = thrown instanceof Error ? thrown.message : String(thrown)
  const code = (thrown as { code?: unknown } | null)?.code
  if (code === 'ENOSPC' || code === 'EDQUOT' || code === 'SQLITE_FULL') {
    return new TrimtabError('DiskFull', `The disk is full (${message}). Free some space; trimtab goes on by itself.`, {
      retry: true,
      cause: thrown,
    })
  }
  return new TrimtabError('Internal', message, { retry: true, cause: thrown })
}

/** The first line of a failure's message, for where there is room for one line only. */
export function headline(message: string): string {
  const [first = ''] = message.split('\n', 1)
  // What would come next is the log, which does not.
  return first.replace(/\s*(The end of its log)?:$/, '')
}
