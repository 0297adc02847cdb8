/**
 * Traefik's v3 routing rules, as far as the embedded router knows them: Host, Path and PathPrefix, joined with
 * && and || and parentheses. Pure.
 *
 * The semantics are those of Traefik's pkg/muxer/http: Host compares in lower case without port and trailing dot;
 * Path is equality; PathPrefix is a plain string prefix ("/shop" matches "/shopping" too).
 */
import { TrimtabError } from '../errors.ts'

export type Rule =
  | { kind: 'host'; host: string }
  | { kind: 'path'; path: string }
  | { kind: 'prefix'; path: string }
  | { kind: 'and' | 'or'; left: Rule; right: Rule }

const longestRule = 4096
const deepestNesting = 32

/** Reads a rule. Throws ConfigInvalid, saying what is not understood and where. */
export function parseRule(text: string): Rule {
  if (text.length > longestRule) throw invalid(`the rule is longer than ${longestRule} characters`)
  const tokens = tokenize(text)
  let at = 0

  const or = (depth: number): Rule => chain('||', 'or', depth, () => and(depth))
  const and = (depth: number): Rule => chain('&&', 'and', depth, () => unit(depth))
  const chain = (operator: string, kind: 'and' | 'or', _depth: number, next: () => Rule): Rule => {
    let left = next()
    while (tokens[at] === operator) {
      at++
      left = { kind, left, right: next() }
    }
    return left
  }
  const unit = (depth: number): Rule => {
    if (depth > deepestNesting) throw invalid('the rule is nested too deeply')
    if (tokens[at] === '(') {
      at++
      const inner = or(depth + 1)
      expect(')')
      return inner
    }
    const name = tokens[at++]
    expect('(')
    const value = tokens[at++] ?? ''
    if (value[0] !== '`' && value[0] !== '"') throw invalid(`${name ?? 'the rule'} expects one quoted value`)
    expect(')')
    return matcher(name ?? '', value.slice(1, -1))
  }
  const expect = (token: string) => {
    if (tokens[at++] !== token) throw invalid(`expected "${token}" in the rule`)
  }

  const rule = or(0)
  if (at !== tokens.length) throw invalid(`the rule goes on after its end: "${tokens[at]}"`)
  return rule
}

/** Whether a request matches. `host` in lower case, without port and trailing dot; `path` as bytes in latin1. */
export function matches(rule: Rule, host: string, path: string): boolean {
  switch (rule.kind) {
    case 'host':
      return rule.host === host
    case 'path':
      return rule.path === path
    case 'prefix':
      return path.startsWith(rule.path)
    case 'and':
      return matches(rule.left, host, path) && matches(rule.right, host, path)
    case 'or':
      return matches(rule.left, host, path) || matches(rule.right, host, path)
  }
}

/** The only hosts this rule can match; null: any host. */
export function hostsOf(rule: Rule): Set<string> | null {
  if (rule.kind === 'host') return new Set([rule.host])
  if (rule.kind === 'path' || rule.kind === 'prefix') return null
  const left = hostsOf(rule.left)
  const right = hostsOf(rule.right)
  if (rule.kind === 'or') return left && right ? new Set([...left, ...right]) : null
  if (!left || !right) return left ?? right
  return new Set([...left].filter((host) => right.has(host)))
}

function matcher(name: string, value: string): Rule {
  if (name === 'Host') {
    if (!/^[\x21-\x7e]+$/.test(value)) throw invalid('Host expects a name in ASCII')
    return { kind: 'host', host: value.toLowerCase().replace(/\.$/, '') }
  }
  if (name !== 'Path' && name !== 'PathPrefix') throw invalid(`the embedded router does not know ${name}()`)
  if (!value.startsWith('/')) throw invalid(`${name} expects a path that starts with "/", got "${value}"`)
  // Request paths are compared as bytes, one character each.
  const path = Buffer.from(value, 'utf8').toString('latin1')
  return name === 'Path' ? { kind: 'path', path } : { kind: 'prefix', path }
}

function tokenize(text: string): string[] {
  const token = /\s*(&&|\|\||[()]|`[^`]*`|"[^"\\]*"|[A-Za-z]+)/y
  const tokens: string[] = []
  const end = text.trimEnd().length
  while (token.lastIndex < end) {
    const from = token.lastIndex
    const found = token.exec(text)
    if (!found?.[1]) throw invalid(`the rule is not understood at "${text.slice(from, from + 20).trim()}"`)
    tokens.push(found[1])
  }
  return tokens
}

function invalid(reason: string): TrimtabError {
  return new TrimtabError('ConfigInvalid', reason)
}
