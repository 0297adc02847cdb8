/** Holds the directions of docs/ARCHITECTURE.md: who may import whom, read off the import lines. */
import { readdirSync, readFileSync } from 'node:fs'
import { join, posix } from 'node:path'
import { describe, expect, it } from 'vitest'

const src = join(import.meta.dirname, '../src')

interface Import {
  /** 'plan/plan.ts', or a package's name. */
  of: string
  /** `import type`: gone when the program runs. */
  type: boolean
  /** `await import(…)`: read when it is needed. */
  late: boolean
}

const files = readdirSync(src, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .map((name) => name.replaceAll('\\', '/'))
  .sort()
const imports = new Map(files.map((file) => [file, importsOf(file)]))

function importsOf(file: string): Import[] {
  const text = readFileSync(join(src, file), 'utf8')
  const resolved = (spec: string) => (spec.startsWith('.') ? posix.join(posix.dirname(file), spec) : spec)
  const early = text.matchAll(/^(?:import|export)\s+(type\s+)?(?:[^'";]*?\s+from\s+)?'([^']+)'/gm)
  const late = text.matchAll(/\bimport\('([^']+)'\)/g)
  return [
    ...[...early].map(([, type, spec = '']) => ({ of: resolved(spec), type: type !== undefined, late: false })),
    ...[...late].map(([, spec = '']) => ({ of: resolved(spec), type: false, late: true })),
  ]
}

const NOUNS = ['domain.ts', 'domain/', 'errors.ts']
/** What anybody may make text fit with. */
const TEXT = 'text.ts'
const PORTS = ['ports.ts', 'ports/']
const PURE = ['plan/', 'manifest/', 'config/', 'release/', 'report/*']
const ADAPTERS = ['source/', 'build/', 'runtime/', 'router/', 'store/', 'http/', 'forge/', 'report/sending/']
const CORE = [
  'reconcile.ts',
  'controller.ts',
  'desire.ts',
  'manifests.ts',
  'steering.ts',
  'dependencies.ts',
  'observe.ts',
  'world.ts',
  'roster.ts',
  'fleet/',
  'previews/',
  'apply/',
  'control/',
]
/** Packages and parts of Node that compute and touch nothing. */
const COMPUTING = ['yaml', 'zod', 'node-cron', 'node:path', 'node:path/posix', 'node:url', 'node:net', 'node:crypto']

/** 'plan/': all below it; 'report/*': what is in that very folder. */
const within = (file: string, places: string[]) =>
  places.some((place) => {
    if (place.endsWith('/*')) return posix.dirname(file) === place.slice(0, -2)
    return place.endsWith('/') ? file.startsWith(place) : file === place
  })
const isOurs = (of: string) => files.includes(of)

/** Every import of these files that is not allowed, as 'from -> to'. */
function strays(from: string[], allowed: (one: Import, file: string) => boolean): string[] {
  return files
    .filter((file) => within(file, from))
    .flatMap((file) => (imports.get(file) ?? []).filter((one) => !allowed(one, file)).map((one) => `${file} -> ${one.of}`))
}

describe('direction:', () => {
  it('the import lines are read at all', () => {
    expect(files.length).toBeGreaterThan(150)
    expect(imports.get('reconcile.ts')?.map((one) => one.of)).toContain('plan/plan.ts')
    expect(imports.get('cli/up.ts')).toContainEqual({ of: 'main.ts', type: false, late: true })
    const lost = [...imports].flatMap(([file, all]) =>
      all.filter(({ of }) => of.endsWith('.ts') && !isOurs(of)).map(({ of }) => `${file} -> ${of}`),
    )
    expect(lost).toEqual([])
  })

  it('the nouns and the error import nothing but each other, and text nothing at all', () => {
    expect(strays(NOUNS, ({ of }) => within(of, NOUNS))).toEqual([])
    expect(strays([TEXT], () => false)).toEqual([])
  })

  it('the ports import the nouns only, and are nothing but interfaces', () => {
    expect(strays(PORTS, ({ of, type }) => within(of, [...NOUNS, ...PORTS]) && type)).toEqual([])
    for (const file of files.filter((one) => within(one, PORTS))) {
      expect(readFileSync(join(src, file), 'utf8'), file).not.toMatch(/^export (?!interface |type )/m)
    }
  })

  it('pure folders import pure folders, and nothing that touches the world', () => {
    const allowed = ({ of, type }: Import) =>
      within(of, [...PURE, ...NOUNS, TEXT]) || (within(of, PORTS) && type) || COMPUTING.includes(of)
    expect(strays(PURE, allowed)).toEqual([])
    // The planner computes with the language alone.
    expect(strays(['plan/'], ({ of }) => isOurs(of))).toEqual([])
  })

  it('adapters import inward, and never one another', () => {
    for (const adapter of ADAPTERS) {
      const allowed = ({ of, type }: Import) =>
        !isOurs(of) ||
        within(of, [adapter, ...NOUNS, TEXT, 'engine/', 'web/', 'credentials/', 'manifest/', 'config/', 'package.ts']) ||
        (adapter === 'report/sending/' && within(of, ['report/*'])) ||
        (within(of, PORTS) && type) ||
        (of === 'plan/world.ts' && type)
      expect(strays([adapter], allowed), adapter).toEqual([])
    }
  })

  it('the engine, which adapters share, knows nothing of them', () => {
    expect(strays(['engine/'], ({ of }) => !isOurs(of) || within(of, ['engine/', ...NOUNS]))).toEqual([])
  })

  it('so does the web client', () => {
    expect(strays(['web/'], ({ of }) => !isOurs(of) || within(of, ['web/', ...NOUNS]))).toEqual([])
  })

  it('and what makes credentials, which asks with it', () => {
    const allowed = ({ of }: Import) => !isOurs(of) || within(of, ['credentials/', 'web/', ...NOUNS, TEXT])
    expect(strays(['credentials/'], allowed)).toEqual([])
  })

  it('the core sees ports, never adapters', () => {
    const allowed = ({ of, type }: Import) =>
      within(of, [...CORE, ...PURE, ...NOUNS, TEXT]) ||
      (within(of, PORTS) && type) ||
      (!isOurs(of) && (of.startsWith('node:') || COMPUTING.includes(of)))
    expect(strays(CORE, allowed)).toEqual([])
  })

  it('apply knows nothing of control', () => {
    expect(strays(['apply/'], ({ of }) => !within(of, ['control/', 'reconcile.ts', 'controller.ts']))).toEqual([])
  })

  it('the command line speaks HTTP, reads files through pure folders, and loads the platform only where it runs it', () => {
    const client = ['http/client.ts', 'http/request.ts', 'http/wire.ts', 'http/socket.ts']
    const allowed = ({ of, type, late }: Import) =>
      !isOurs(of) ||
      within(of, ['cli/', ...PURE, ...NOUNS, TEXT, ...client, 'package.ts', 'stack/recipe.ts', 'fleet/file.ts']) ||
      (within(of, PORTS) && type) ||
      (within(of, ['main.ts', 'demo/demo.ts', 'engine/', 'stack/', 'trial/']) && late)
    expect(strays(['cli/'], allowed)).toEqual([])
  })

  it('only main.ts, its adapters.ts, wiring.ts and reporting.ts, the demo and the trial build wire', () => {
    const others = files.filter(
      (file) =>
        !within(file, [...ADAPTERS, 'cli/', 'demo/', 'stack/', 'trial/', 'adapters.ts', 'wiring.ts', 'reporting.ts', 'main.ts']),
    )
    const wiring = strays(others, ({ of }) => !within(of, [...ADAPTERS, 'main.ts']))
    expect(wiring).toEqual([])
  })

  it('nothing of the core goes in circles when it runs', () => {
    const state = new Map<string, 'open' | 'done'>()
    const circles: string[] = []
    const visit = (file: string, path: string[]) => {
      if (state.get(file) === 'done') return
      if (state.get(file) === 'open') {
        circles.push([...path.slice(path.indexOf(file)), file].join(' -> '))
        return
      }
      state.set(file, 'open')
      for (const { of, type, late } of imports.get(file) ?? []) if (isOurs(of) && !type && !late) visit(of, [...path, file])
      state.set(file, 'done')
    }
    for (const file of files.filter((one) => within(one, [...CORE, ...PURE]))) visit(file, [])
    expect(circles).toEqual([])
  })
})
