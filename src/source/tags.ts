/** Which of a repository's tags an app follows: of those its pattern matches, the one of the highest semantic version (semver.org). Pure. */
import semver from 'semver'

/** Whether a tag's name is of this pattern; '*' stands for anything within one part between slashes. Takes no longer for hostile names. */
export function matches(pattern: string, name: string): boolean {
  const [wanted, parts] = [pattern.split('/'), name.split('/')]
  return wanted.length === parts.length && wanted.every((part, i) => fits(part, parts[i] ?? ''))
}

/** Goes back to the last '*' alone, which is enough, and never to one before it. */
function fits(pattern: string, text: string): boolean {
  let [at, from] = [0, 0]
  let star = -1
  for (let i = 0; i < text.length; ) {
    if (pattern[at] === '*') {
      star = at++
      from = i
    } else if (pattern[at] === text[i]) {
      at++
      i++
    } else if (star >= 0) {
      at = star + 1
      i = ++from
    } else return false
  }
  while (pattern[at] === '*') at++
  return at === pattern.length
}

/** What stands in front of the first '*'. */
export function literalHead(pattern: string): string {
  return pattern.split('*', 1)[0] ?? ''
}

/**
 * The version that a tag of this pattern names: all of it, or what is left without a beginning that is the pattern's own
 * (`shop-` of `shop-v*`). null: none, or a prerelease for which the pattern has no '-'.
 */
export function versionOf(pattern: string, name: string): semver.SemVer | null {
  const head = literalHead(pattern)
  for (let at = 0; at <= head.length && name.startsWith(head.slice(0, at)); at++) {
    const version = semver.parse(name.slice(at))
    if (version) return version.prerelease.length > 0 && !pattern.slice(at).includes('-') ? null : version
  }
  return null
}

/** null: no tag of this pattern names a version. Of equal versions the first by name. */
export function highest(pattern: string, names: Iterable<string>): string | null {
  let best: { name: string; version: semver.SemVer } | null = null
  for (const name of names) {
    const version = matches(pattern, name) ? versionOf(pattern, name) : null
    if (!version) continue
    const order = best ? semver.compareBuild(version, best.version) : 1
    if (!best || order > 0 || (order === 0 && name < best.name)) best = { name, version }
  }
  return best?.name ?? null
}
