/** Manifest + image → what a release is made of. */
import type { Image, Manifest, ReleaseContent, Route } from '../domain.ts'
import { TrimtabError } from '../errors.ts'
import { fingerprintOf } from './fingerprint.ts'
import { processesOf } from './formation.ts'

export interface Assembled {
  content: ReleaseContent
  fingerprint: string
}

/** Deterministic: everything that is a set comes out sorted. Throws ManifestInvalid or NoProcesses. */
export function assemble(app: { name: string }, domain: string, manifest: Manifest, image: Image): Assembled {
  const processes = processesOf(manifest, image)
  const types = new Set(processes.map((p) => p.type))
  const release = manifest.release ?? manifest.procfile?.release ?? (manifest.procfile ? undefined : image.processTypes.release)
  const content: ReleaseContent = {
    image,
    env: sorted({ ...image.configVars, ...manifest.env }),
    processes,
    ...(release === undefined ? {} : { release }),
    routes: routesOf(app, domain, manifest, types),
  }
  return { content, fingerprint: fingerprintOf(content) }
}

function routesOf(app: { name: string }, domain: string, manifest: Manifest, types: Set<string>): Route[] {
  if (!manifest.routes) {
    const route = { host: `${app.name}.${domain}`, path: '/', stripPrefix: false, process: 'web' }
    return types.has('web') ? [route] : []
  }
  const astray = manifest.routes.filter((route) => !types.has(route.process))
  if (astray.length > 0) {
    const names = [...types].join(', ')
    const lines = astray.map(
      (r) => `app.yaml routes: ${r.host}${r.path}: expected one of the processes (${names}), got "${r.process}"`,
    )
    throw new TrimtabError('ManifestInvalid', lines.join('\n'))
  }
  return manifest.routes
    .map(({ host, path, stripPrefix, process }) => ({ host, path, stripPrefix, process }))
    .sort((a, b) => (`${a.host} ${a.path}` < `${b.host} ${b.path}` ? -1 : 1))
}

function sorted(env: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(env).sort(([a], [b]) => (a < b ? -1 : 1)))
}
