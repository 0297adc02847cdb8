/** The texts that `trimtab init` writes or shows. Pure. */
import type { Proposal } from './propose.ts'

/** A small app.yaml that says what is there, and in comments what else there could be. `types`: process types known so far. */
export function appYaml({ buildpack, dockerfile, kind }: Proposal, types: readonly string[], schema: string): string {
  const lines = [
    `# yaml-language-server: $schema=${schema}`,
    '# Everything here is optional; what stands in comments shows what else can be said.',
    ...(buildpack === undefined
      ? dockerfile === undefined
        ? [`# How it is built is said elsewhere: it is ${kind}.`]
        : ['build:', `  dockerfile: ${dockerfile}   # needs runtime: docker`]
      : [
          'build:',
          `  buildpacks: [${buildpack}]   # looks like ${kind}`,
          '  # In order; also one of your own (./buildpack), and one by its address ("https://host/pack.git#v1").',
        ]),
    '# env:',
    '#   LOG_LEVEL: info',
    ...(types.length > 0 ? ['processes:', ...types.flatMap(processLines)] : []),
    '# release: npm run migrate      # runs once for each release, before it goes live',
    "# routes:                       # default: <app>.<the platform's domain>",
    '#   - host: shop.example.com',
  ]
  return `${lines.join('\n')}\n`
}

function processLines(type: string): string[] {
  if (type !== 'web') return [`  ${type}:`, '    scale: 1']
  return ['  web:', '    scale: 1', '    # health: {path: /healthz, grace: 30s}   # default: any HTTP answer is healthy']
}

/** Process types of a Procfile, `release` left out. */
export function typesIn(procfile: string): string[] {
  const types = procfile.split(/\r?\n/).flatMap((line) => /^([A-Za-z0-9][A-Za-z0-9_-]*):/.exec(line)?.[1] ?? [])
  return [...new Set(types)].filter((type) => type !== 'release')
}

/** The line under `apps:`. */
export function platformEntry({ name, repo, path }: { name: string; repo: string; path: string }): string {
  const folder = path === '' ? '' : `, path: ${quoted(path)}`
  return `  - {name: ${name}, repo: ${quoted(repo)}${folder}}`
}

/** A platform.yaml with one app, and in comments what one changes first. */
export function platformYaml(entry: string, schema: string): string {
  const lines = [
    `# yaml-language-server: $schema=${schema}`,
    'domain: apps.localhost          # apps answer to <app>.<domain>',
    '# state: ./.trimtab             # what trimtab keeps; not for git',
    '# router: {kind: embedded, listen: "127.0.0.1:8080"}',
    'apps:',
    entry,
  ]
  return `${lines.join('\n')}\n`
}

/** As YAML takes it inside braces; paths are not asked what they hold. */
function quoted(text: string): string {
  return /^[\w./-]+$/.test(text) ? text : JSON.stringify(text)
}
