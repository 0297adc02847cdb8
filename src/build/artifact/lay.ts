import { chmodSync, constants, createReadStream, statSync } from 'node:fs'
import { copyFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createGunzip } from 'node:zlib'
import type { ArtifactSettings } from '../../domain.ts'
import { TrimtabError } from '../../errors.ts'
import type { Bill } from '../bill.ts'
import type { Work } from '../workshop.ts'
import { commandsOf, type Surroundings } from './command.ts'
import { type Entry, limitsFor, megabytes, refused } from './entry.ts'
import { fetchBytes } from './fetch.ts'
import { type Kind, kindOf } from './kind.ts'
import type { ArtifactStore } from './store.ts'
import { tarEntries } from './tar.ts'
import { unpack } from './unpack.ts'
import { zipEntries } from './zip.ts'

/** What the log and the bill call each kind. */
const CALLED: Record<Kind, string> = {
  'tar.gz': 'Archive',
  tar: 'Archive',
  zip: 'Archive',
  jar: 'Java archive',
  war: 'Java web archive',
  binary: 'Program',
  script: 'Script',
}

/** From the artifact's hash to an app's folder: fetched unless it is here, its hash compared, and then laid out in `dir`, which is empty. */
export async function layArtifact(
  store: ArtifactStore,
  work: Work,
  artifact: ArtifactSettings,
  dir: string,
  around: Surroundings,
  now: () => number,
): Promise<Bill> {
  const { plan, log, signal } = work
  const started = now()
  const path = await obtain(store, work, artifact)
  store.use(artifact.sha256, artifact.name, plan.key)
  const kind = kindOf(path, artifact.name)
  const { size } = statSync(path)
  log.line(`       ${CALLED[kind]}, ${megabytes(size)}`)
  const entries = entriesOf(kind, path)
  if (entries) {
    const { files, bytes } = await unpack(entries, dir, limitsFor(size, store.settings.sizeBytes), signal)
    log.line(`       Unpacked: ${files} ${files === 1 ? 'file' : 'files'}, ${megabytes(bytes)}`)
  } else await place(path, join(dir, artifact.name), kind)
  signal.throwIfAborted()

  const processTypes = await commandsOf(kind, artifact, dir, around)
  log.line('-----> Discovering process types')
  for (const [type, command] of Object.entries(processTypes)) log.line(`       ${type}: ${command}`)
  if (Object.keys(processTypes).length === 0) log.line('       As app.yaml or the Procfile of the repository say')
  const durationMs = now() - started
  log.line(`-----> Done in ${(durationMs / 1000).toFixed(durationMs < 1000 ? 2 : 1)}s`)
  return {
    processTypes,
    configVars: {},
    app: plan.app.name,
    commit: plan.commit,
    packs: [{ name: artifact.name, detected: CALLED[kind] }],
    versions: { sha256: artifact.sha256 },
    builtAt: new Date(now()).toISOString(),
    durationMs,
  }
}

async function obtain(
  store: ArtifactStore,
  { log, signal, builds }: Work,
  { sha256, name, url }: ArtifactSettings,
): Promise<string> {
  log.line(`-----> Artifact ${name}, sha256 ${sha256.slice(0, 12)}`)
  const here = await store.find(sha256, url)
  if (here !== null) {
    log.line('       It is here already')
    return here
  }
  if (url === undefined) throw notHere(sha256)
  const shown = url.replace(/\?.*$/, '')
  log.line(`       Fetching ${shown}`)
  const line = (text: string) => log.line(text)
  await store.put(name, fetchBytes(url, { ...store.settings, ca: builds.ca, signal, line }), { sha256, url })
  return store.pathOf(sha256)
}

/** Of what is unpacked; null: it stays whole. */
function entriesOf(kind: Kind, path: string): AsyncIterable<Entry> | null {
  if (kind === 'zip') return zipEntries(path)
  if (kind === 'tar') return tarEntries(createReadStream(path))
  return kind === 'tar.gz' ? tarEntries(unzipped(path)) : null
}

async function* unzipped(path: string): AsyncGenerator<Buffer> {
  const file = createReadStream(path)
  const unzip = createGunzip()
  file.on('error', (error) => unzip.destroy(error))
  try {
    for await (const piece of file.pipe(unzip)) yield piece as Buffer
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (code?.startsWith('Z_')) throw refused(`is damaged or cut off (${message})`, undefined, error)
    throw error
  } finally {
    file.destroy()
    unzip.destroy()
  }
}

async function place(path: string, to: string, kind: Kind): Promise<void> {
  await copyFile(path, to, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE)
  chmodSync(to, kind === 'binary' || kind === 'script' ? 0o755 : 0o644)
}

function notHere(sha256: string): TrimtabError {
  const message = `There is no artifact ${sha256} here, and app.yaml names no url for it. Upload it: trimtab artifact push <file>`
  return new TrimtabError('BuildFailed', message)
}
