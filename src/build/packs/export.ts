import type { AppSpec, CommitId } from '../../domain.ts'
import type { Source } from '../../ports.ts'
import type { Pack } from '../choose.ts'
import { packTrouble } from './pins.ts'

/** Writes a pack that is not trimtab's own into an empty folder, by the rules and limits of an app's tree: it is just as hostile. */
export async function exportPack(
  source: Source,
  app: AppSpec,
  commit: CommitId,
  pack: Extract<Pack, { kind: 'repository' | 'fetched' }>,
  dir: string,
): Promise<void> {
  if (pack.kind === 'repository') return source.export(app, commit, pack.path, dir)
  try {
    await source.packs.export(pack.repo, pack.commit, dir)
  } catch (thrown) {
    throw packTrouble(thrown, pack.where, pack.name)
  }
}
