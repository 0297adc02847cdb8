/** Why what an app follows points nowhere, for a person. Pure. */
import { TrimtabError } from '../errors.ts'
import type { Address } from './address.ts'
import { type Follow, isAskable } from './follow.ts'
import type { Refs } from './refs.ts'
import { matches } from './tags.ts'

/** `all`: every branch the repository has, or, where tags are followed, every tag. */
export function missing(remote: Address, all: Refs, follow: Follow): TrimtabError {
  if (all.branches.size === 0 && all.tags.size === 0 && !all.head.commit) return empty(remote, follow)
  return new TrimtabError('BranchMissing', sentence(remote, all, follow))
}

/** What is followed leads to a file or a folder, which git's tags may. */
export function noCommit(remote: Address, name: string): TrimtabError {
  return new TrimtabError('BranchMissing', `${remote.url}: ${name} names no commit. Delete it, or tag a commit.`)
}

function empty(remote: Address, follow: Follow): TrimtabError {
  const where = 'branch' in follow && follow.branch !== undefined ? ` to ${follow.branch}` : ''
  return new TrimtabError('RepositoryEmpty', `${remote.url} has no commit yet. Push one${where}; trimtab goes on by itself.`)
}

function sentence(remote: Address, all: Refs, follow: Follow): string {
  if ('tag' in follow) return noTag(remote, [...all.tags.keys()].sort(), follow.tag)
  if ('ref' in follow) return `${remote.url} has no ref ${JSON.stringify(follow.ref)} (any more).`
  const names = [...all.branches.keys()].sort()
  const there = names.length === 0 ? 'It has no branches.' : thereAre(names)
  const { branch } = follow
  if (branch === undefined) {
    const head = all.head.branch ? `HEAD names the branch ${all.head.branch}, which does not exist` : 'it has no HEAD'
    const next = names.length > 0 ? ' Set `branch` to one of them.' : ''
    return `${remote.url}: ${head}. ${there}${next}`
  }
  if (!isAskable(follow)) return `${JSON.stringify(branch)} is no valid branch name. ${there}`
  const near = nearest(branch, names)
  return `${remote.url} has no branch ${branch}.${near ? ` Did you mean ${near}?` : ''} ${there}`
}

function noTag(remote: Address, names: string[], pattern: string): string {
  if (names.length === 0)
    return `${remote.url} has no tags. Push one of ${pattern}, such as ${pattern.replace(/\*.*$/, '')}1.0.0.`
  const matching = names.filter((name) => matches(pattern, name))
  if (matching.length === 0) return `${remote.url} has no tag that is of the pattern ${pattern}. ${thereAre(names)}`
  const prerelease = 'A version has three numbers (1.2.0); prereleases (1.2.0-rc.1) count where the pattern has a "-" of its own.'
  return `${remote.url}: no tag of the pattern ${pattern} is a semantic version. ${prerelease} ${thereAre(matching)}`
}

function thereAre(names: string[]): string {
  return `There ${names.length === 1 ? 'is' : 'are'}: ${listed(names)}.`
}

/** The first of them, in a sentence. */
export function listed(names: string[]): string {
  const more = names.length - 10
  return names.slice(0, 10).join(', ') + (more > 0 ? ` and ${more} more` : '')
}

/** The one that was most likely meant. */
export function nearest(name: string, names: string[]): string | undefined {
  const limit = name.length < 4 ? 1 : Math.max(2, Math.floor(name.length / 3))
  const near = names.slice(0, 1000).map((other) => ({ other, distance: distance(name.toLowerCase(), other.toLowerCase()) }))
  return near.sort((a, b) => a.distance - b.distance).find((each) => each.distance <= limit)?.other
}

/** Levenshtein's. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const replace = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, replace))
    }
    row = next
  }
  return row[b.length] ?? 0
}
