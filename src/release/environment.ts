/** What an instance finds in its environment besides PORT. */
import type { CommitId, Release } from '../domain.ts'

/** The release's config, then what trimtab says: that wins, so that no app is told a wrong thing about itself. */
export function environmentOf(release: Release, process: string, index: number): Record<string, string> {
  return { ...release.content.env, ...identity(release.app, release.version, release.commit, process, index) }
}

function identity(app: string, version: number, commit: CommitId, process: string, index: number): Record<string, string> {
  return {
    APP_NAME: app,
    PROCESS: process,
    INSTANCE: String(index),
    RELEASE_VERSION: `v${version}`,
    SOURCE_VERSION: commit,
  }
}
