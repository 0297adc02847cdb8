/**
 * The nouns, a file a topic. Everything here is plain data: it can be printed, stored, compared and replayed.
 * Times are milliseconds since the epoch, durations milliseconds, sizes bytes.
 */

export type * from './domain/app.ts'
export type * from './domain/commit.ts'
export type * from './domain/history.ts'
export * from './domain/instance.ts'
export type * from './domain/machinery.ts'
export type * from './domain/manifest.ts'
export type * from './domain/platform.ts'
export type * from './domain/release.ts'
export type * from './domain/status.ts'
