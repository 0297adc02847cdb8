import { posix } from 'node:path'
import type { AppSpec, CommitId } from '../domain.ts'
import { TrimtabError } from '../errors.ts'
import type { Source, TreeEntry } from '../ports.ts'

/** Path of the app's own app.yaml as seen from a folder of the repository, if it lies below it. */
export function appYamlIn(context: string, app: Pick<AppSpec, 'path'>): string | null {
  if (context === '' || context === app.path) return posix.join(context === app.path ? '' : app.path, 'app.yaml')
  return app.path.startsWith(`${context}/`) ? posix.join(app.path.slice(context.length + 1), 'app.yaml') : null
}

/**
 * What is in a folder of the repository, but for the app's own app.yaml, which no build sees: folders on the way to it are opened,
 * the others are named by their id. Throws BuildFailed where there is no such folder.
 */
export async function contextEntries(source: Source, app: AppSpec, commit: CommitId, context: string): Promise<TreeEntry[]> {
  const without = appYamlIn(context, app)
  const list = async (folder: string): Promise<TreeEntry[]> => {
    const all: TreeEntry[] = []
    for (const entry of await source.entries(app, commit, posix.join(context, folder))) {
      const path = posix.join(folder, entry.name)
      const isOnTheWay = entry.mode === '040000' && without?.startsWith(`${path}/`)
      if (isOnTheWay) all.push(...(await list(path)))
      else if (path !== without) all.push({ ...entry, name: path })
    }
    return all
  }
  try {
    return await list('')
  } catch (error) {
    if (!(error instanceof TrimtabError) || error.code !== 'PathMissing') throw error
    const message = `app.yaml build.dockerfile.context: there is no folder ${JSON.stringify(context)} in the repository at this commit.`
    throw new TrimtabError('BuildFailed', message, { cause: error })
  }
}
