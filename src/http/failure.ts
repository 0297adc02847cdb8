import { asTrimtabError, type Failure, type FailureCode } from '../errors.ts'

/** The one place where a failure gets its HTTP status. */
const STATUS: Record<FailureCode, number> = {
  Usage: 400,
  NotFound: 404,
  StateLocked: 409,
  RouteTaken: 409,
  BuildCancelled: 409,
  RepositoryGone: 422,
  RepositoryEmpty: 422,
  BranchMissing: 422,
  PathMissing: 422,
  ManifestInvalid: 422,
  ConfigInvalid: 422,
  Untrusted: 422,
  FleetInvalid: 422,
  DependencyMissing: 422,
  DependencyCycle: 422,
  SourceInvalid: 422,
  NoBuildpack: 422,
  NoProcesses: 422,
  BuildFailed: 422,
  BuildTimeout: 422,
  ReleaseFailed: 422,
  StartFailed: 422,
  CrashLoop: 422,
  NotReady: 422,
  Internal: 500,
  StateNewer: 500,
  SourceUnreachable: 502,
  ForgeRefused: 502,
  NoPort: 503,
  RuntimeUnavailable: 503,
  RouterUnavailable: 503,
  DiskFull: 507,
}

export interface FailureAnswer {
  status: number
  body: { error: Failure }
}

/** Anything thrown by a handler, by the schema check or by the HTTP parser, as an answer. */
export function failureAnswer(thrown: unknown): FailureAnswer {
  const status = refusedStatus(thrown)
  if (status !== null) {
    const message = thrown instanceof Error ? thrown.message : String(thrown)
    return { status, body: { error: { code: 'Usage', message } } }
  }
  const { code, message } = asTrimtabError(thrown).failure
  return { status: STATUS[code], body: { error: { code, message } } }
}

/** fastify marks what it refuses itself (a query that fails its schema, a body too large) with a 4xx `statusCode`. */
function refusedStatus(thrown: unknown): number | null {
  const status = (thrown as { statusCode?: unknown } | null)?.statusCode
  return typeof status === 'number' && status >= 400 && status < 500 ? status : null
}
