/** What a preview takes of an app.yaml: enough to be looked at, and nothing that is meant for the app itself. */
import type { CommitId, Manifest, Preview, ProcessSettings } from '../domain.ts'
import { TrimtabError } from '../errors.ts'
import { shortCommit } from '../text.ts'

/**
 * Pure. Its routes are left out, so that it is found at its own default one and never takes a host of the app's; every process runs
 * once at most; suspension and deploy windows are about the app, and somebody has asked for this one by a label. A fork's gets no
 * secret of the platform's.
 */
export function manifestOfPreview(manifest: Manifest, { isFork }: Preview): Manifest {
  const { routes: _, suspend: __, deploy: ___, ...rest } = manifest
  const processes = Object.fromEntries(Object.entries(manifest.processes).map(([type, one]) => [type, once(one)]))
  return { ...rest, processes, ...(isFork && { build: withoutSecrets(manifest.build) }) }
}

function once(process: ProcessSettings): ProcessSettings {
  return process.scale === undefined ? process : { ...process, scale: Math.min(process.scale, 1) }
}

function withoutSecrets(build: Manifest['build']): Manifest['build'] {
  return build.dockerfile === undefined ? build : { ...build, dockerfile: { ...build.dockerfile, secrets: [] } }
}

/**
 * Whoever sets a label on a fork has seen what was there then, and not what is pushed afterwards. Throws Untrusted for any other commit.
 * The same of GitHub's workflows: https://securitylab.github.com/resources/github-actions-preventing-pwn-requests/
 */
export function requireLabelled(preview: Preview | undefined, commit: CommitId): void {
  if (preview?.commit === undefined || preview.commit === commit) return
  const { number, commit: labelled } = preview
  throw new TrimtabError(
    'Untrusted',
    `${shortCommit(commit)} was pushed to pull request #${number}, which comes from a fork, after its label had been set for ${shortCommit(labelled)}. ` +
      'Look at it, then remove the label, wait until the preview is gone, and set it again.',
  )
}
