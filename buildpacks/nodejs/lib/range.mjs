// Does a Node.js version satisfy a range as engines.node, .nvmrc and .node-version write them? (semver.org, github.com/npm/node-semver)

import { isLtsLine, LTS_NAMES } from './lts.mjs'

const NAMES = { node: '*', stable: '*', latest: '*', current: '*', ...LTS_NAMES }

/** undefined: the range cannot be understood. */
export function satisfies(version, range) {
  const have = parse(version)
  const plain = NAMES[range.toLowerCase()] ?? range
  const answers = plain.split('||').map((part) => satisfiesAll(have, part.trim()))
  return answers.includes(undefined) ? undefined : answers.includes(true)
}

/**
 * The version to fetch: the newest that fits, of the lines with long-term support where one of those fits. `>=20` means "no older",
 * and nobody wants the line that ends in half a year by it.
 */
export function newest(versions, range) {
  const plain = versions.filter((version) => /^\d+\.\d+\.\d+$/.test(version))
  const fitting = plain.filter((version) => satisfies(version, range)).sort(byAge)
  return fitting.findLast((version) => isLtsLine(Number.parseInt(version, 10), plain)) ?? fitting.at(-1)
}

/** For an error: the newest version of each major near the one that the range names. */
export function nearby(versions, range) {
  const named = Number(/\d+/.exec(range)?.[0] ?? Number.MAX_SAFE_INTEGER)
  const plain = versions.filter((version) => /^\d+\.\d+\.\d+$/.test(version)).sort(byAge)
  const lines = [...new Map(plain.map((version) => [Number.parseInt(version, 10), version]))]
  const near = lines.sort(([a], [b]) => Math.abs(a - named) - Math.abs(b - named)).slice(0, 6)
  return near.sort(([a], [b]) => a - b).map(([, version]) => version)
}

const byAge = (a, b) => compare(parse(a), parse(b))

function satisfiesAll(have, part) {
  const hyphen = /^(\S+)\s+-\s+(\S+)$/.exec(part)
  const comparators = hyphen ? [`>=${hyphen[1]}`, `<=${hyphen[2]}`] : part.replace(/([<>=~^])\s+/g, '$1').split(/\s+/)
  const answers = comparators.map((one) => satisfiesOne(have, one))
  return answers.includes(undefined) ? undefined : !answers.includes(false)
}

function satisfiesOne(have, comparator) {
  const match = /^(>=|<=|>|<|=|\^|~>?|)v?(\*|x|X|\d+)?(?:\.(\*|x|X|\d+))?(?:\.(\*|x|X|\d+))?(?:[-+].*)?$/.exec(comparator)
  if (match === null) return undefined
  const given = match.slice(2, 5).map((digits) => (digits === undefined || /[*xX]/.test(digits) ? undefined : Number(digits)))
  const known = given.indexOf(undefined) === -1 ? 3 : given.indexOf(undefined)
  if (known === 0) return match[1] !== '<' && match[1] !== '>'
  const low = given.map((digits, at) => (at < known ? digits : 0))
  // The first version that is no longer meant by what was written: 20 → 21.0.0, 20.1 → 20.2.0, 20.1.2 → 20.1.3.
  const next = raise(low, known - 1)
  const from = compare(have, low) >= 0
  switch (match[1]) {
    case '>=':
      return from
    case '<':
      return !from
    case '>':
      return compare(have, next) >= 0
    case '<=':
      return compare(have, next) < 0
    case '^':
      return from && compare(have, raise(low, low[0] > 0 || known === 1 ? 0 : low[1] > 0 || known === 2 ? 1 : 2)) < 0
    case '~':
    case '~>':
      return from && compare(have, raise(low, Math.min(known - 1, 1))) < 0
    default:
      return from && compare(have, next) < 0
  }
}

const parse = (version) => version.replace(/^v/, '').split('.').slice(0, 3).map(Number.parseFloat)
const raise = (version, at) => version.map((digits, index) => (index < at ? digits : index === at ? digits + 1 : 0))

function compare(a, b) {
  const at = a.findIndex((digits, index) => digits !== b[index])
  return at === -1 ? 0 : a[at] - b[at]
}
