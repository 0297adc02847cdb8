/** The parser's nodes → plain data. Bounded whatever the file says: aliases, depth and keys are watched here. */
import { isAlias, isMap, isNode, isScalar, isSeq, type Node, type Pair, type Scalar } from 'yaml'
import { formatPath, type Problem, quote } from './problems.ts'

export interface Place {
  line: number
  column: number
  /** What stands there, for "got …". */
  got(): string
  /** A scalar as it is written: `1.10` and not 1.1. '' for what is none. */
  source(): string
}

/** By pathKey(). */
export type Places = Map<string, Place>

export interface ReadOptions {
  /** Replaces the text of a scalar (`${VAR}`), or says why it cannot. Not called under `x-` keys. */
  expand?: (text: string) => { text: string } | { problem: string }
  /** Whether the keys of this mapping are names of somebody else's, among which one with `x-` is nothing special. */
  names?: (path: Path) => boolean
}

type Path = readonly (string | number)[]

const MAX_DEPTH = 32
const MAX_ALIASES = 100
/** The tags of YAML's core schema; every other one asks for a type that there is not. */
const CORE_TAG = /^tag:yaml\.org,2002:(str|int|float|bool|null|map|seq)$/

export function pathKey(path: readonly PropertyKey[]): string {
  return JSON.stringify(path.map(String))
}

/** Thrown, and caught, only in this file: the tree is too large to go on. */
class TooLarge extends Error {}

/**
 * Plain data without `x-` keys, where each value stands, and what is wrong; `broken` where it had to stop half-way.
 * `limit` bounds what aliases may expand to.
 */
export function read(
  contents: unknown,
  at: (offset: number) => { line: number; column: number },
  limit: number,
  options: ReadOptions,
): { value: unknown; broken: boolean; places: Places; problems: Problem[] } {
  const places: Places = new Map()
  const problems: Problem[] = []
  const anchors = new Map<string, Node>()
  const open = new Set<Node>()
  let aliases = 0
  let expanded = 0

  const problem = (offset: number, path: Path, message: string) => {
    problems.push({ ...at(offset), path: formatPath(path), message })
  }

  const visit = (node: unknown, path: Path, offset: number, inAlias: boolean, free: boolean): unknown => {
    if (!isNode(node)) return null
    if (isAlias(node)) return follow(node, path, offset, free)
    if (node.anchor !== undefined && !inAlias) anchors.set(node.anchor, node)
    if (node.tag !== undefined && !CORE_TAG.test(node.tag)) {
      problem(offset, path, `the YAML tag ${quote(node.tag)} is not supported; leave it out`)
    }
    if (path.length > MAX_DEPTH) {
      problem(offset, path.slice(0, 3), 'is nested too deeply')
      throw new TooLarge()
    }
    if (inAlias) charge(isScalar(node) ? scalarSource(node).length : 1, offset)
    if (!free)
      places.set(pathKey(path), {
        ...at(offset),
        got: () => describe(node),
        source: () => (isScalar(node) ? scalarSource(node) : ''),
      })
    if (isScalar(node)) return scalar(node, path, offset, free)
    open.add(node)
    const value = isMap(node) ? mapping(node.items, path, offset, inAlias, free) : list(node, path, offset, inAlias, free)
    open.delete(node)
    return value
  }

  const follow = (alias: { source: string }, path: Path, offset: number, free: boolean): unknown => {
    aliases += 1
    if (aliases > MAX_ALIASES) charge(limit, offset)
    const target = anchors.get(alias.source)
    if (target === undefined || open.has(target)) {
      const why = target === undefined ? 'there is no such anchor before it' : 'it refers to itself'
      problem(offset, path, `the alias *${alias.source.slice(0, 60)} cannot be used: ${why}`)
      return undefined
    }
    return visit(target, path, offset, true, free)
  }

  const charge = (size: number, offset: number) => {
    expanded += size + 1
    if (expanded <= limit) return
    problem(offset, [], 'aliases expand to too much; write the values out')
    throw new TooLarge()
  }

  const list = (node: Node, path: Path, offset: number, inAlias: boolean, free: boolean): unknown[] => {
    const items = isSeq(node) ? node.items : []
    return items.map((item, index) => visit(item, [...path, index], startOf(item) ?? offset, inAlias, free))
  }

  const mapping = (items: Pair[], path: Path, offset: number, inAlias: boolean, free: boolean): Record<string, unknown> => {
    const value: Record<string, unknown> = {}
    const lines = new Map<string, number>()
    for (const { key, value: item } of items) {
      const start = startOf(key) ?? offset
      const name = isScalar(key) ? scalarSource(key) : ''
      const refused = isScalar(key) ? refuseKey(name, lines) : 'expected a plain name as the key'
      if (refused !== null) {
        // What an alias repeats was reported where it is written.
        if (!inAlias) problem(start, name === '' ? path : [...path, name], refused)
        continue
      }
      lines.set(name, at(start).line)
      const extension = name.startsWith('x-') && !(options.names?.(path) ?? false)
      const inner = visit(item, [...path, name], start, inAlias, free || extension)
      if (extension) places.set(pathKey([...path, name]), { ...at(start), got: () => 'a free key', source: () => '' })
      else if (inner !== undefined) value[name] = inner
    }
    return value
  }

  const scalar = (node: Scalar, path: Path, offset: number, free: boolean): unknown => {
    if (free || options.expand === undefined || typeof node.value !== 'string') return node.value
    const result = options.expand(node.value)
    if ('text' in result) return result.text
    problem(offset, path, result.problem)
    return undefined
  }

  try {
    const value = contents === null ? undefined : visit(contents, [], startOf(contents) ?? 0, false, false)
    return { value, broken: false, places, problems }
  } catch (thrown) {
    if (!(thrown instanceof TooLarge)) throw thrown
    return { value: undefined, broken: true, places, problems }
  }
}

function refuseKey(name: string, lines: Map<string, number>): string | null {
  const first = lines.get(name)
  if (first !== undefined) return `is there already, on line ${first}`
  if (name === '<<') return 'merge keys (<<) are not supported; write the values out'
  if (name === '') return 'expected a plain name as the key'
  // `__proto__`, `constructor`, …: as keys of plain objects they would mean something to JavaScript.
  if (name in Object.prototype) return 'this name cannot be used as a key'
  return null
}

function startOf(node: unknown): number | undefined {
  return isNode(node) ? node.range?.[0] : undefined
}

function scalarSource(node: Scalar): string {
  return typeof node.value === 'string' ? node.value : (node.source ?? String(node.value))
}

function describe(node: Node): string {
  if (isMap(node)) return 'a mapping'
  if (isSeq(node)) return 'a list'
  if (!isScalar(node) || node.value === null) return 'nothing'
  return typeof node.value === 'string' ? quote(node.value) : scalarSource(node).slice(0, 60)
}
