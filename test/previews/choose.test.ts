import { describe, expect, it } from 'vitest'
import type { PreviewsSpec } from '../../src/domain.ts'
import type { PullRequest } from '../../src/ports.ts'
import type { Shown } from '../../src/previews/app.ts'
import { type Asked, choose } from '../../src/previews/choose.ts'

const HOUR = 3_600_000
const NOW = 1_800_000_000_000
const spec: PreviewsSpec = { label: 'preview', limit: 2, ttlMs: 72 * HOUR }
const id = (digit: string) => digit.repeat(40)

function pull(number: number, more: Partial<PullRequest> = {}): PullRequest {
  const ref = `refs/pull/${number}/head`
  return { number, title: 'A change', ref, commit: id('a'), isFork: false, labels: ['preview'], updatedAt: NOW - HOUR, ...more }
}

function shown(number: number, more: Partial<Shown> = {}): Shown {
  return { number, ref: `refs/pull/${number}/head`, isFork: false, commit: id('a'), ...more }
}

function chosen(more: Partial<Asked>) {
  const asked: Asked = {
    app: 'shop',
    spec,
    pulls: [],
    shown: [],
    trusted: new Set(),
    taken: new Set(['shop']),
    now: NOW,
    ...more,
  }
  const { shown: all, refused, closed } = choose(asked)
  return { shown: all, refused: Object.fromEntries(refused), closed: Object.fromEntries(closed) }
}

describe('of the open pull requests', () => {
  it('those with the label are shown', () => {
    const pulls = [pull(7), pull(8, { labels: [] }), pull(9, { labels: ['Preview', 'bug'] })]
    expect(chosen({ pulls })).toEqual({ shown: [shown(7)], refused: {}, closed: {} })
  })

  it('those that are shown stay, and of the others the lowest numbers come first, as many as may be', () => {
    const pulls = [pull(3), pull(9), pull(1), pull(7)]
    const first = chosen({ pulls })
    expect(first.shown.map((one) => one.number)).toEqual([1, 3])
    const full = 'there are 2 already, which is the limit (previews.limit)'
    expect(first.refused).toEqual({ 7: full, 9: full })
    const second = chosen({ pulls, shown: [shown(9), shown(7)] })
    expect(second).toEqual({ shown: [shown(9), shown(7)], refused: { 1: full, 3: full }, closed: {} })
    // Somebody lowers the limit: who came last goes.
    const third = chosen({ pulls, shown: [shown(9), shown(7)], spec: { ...spec, limit: 1 } })
    expect(third.shown).toEqual([shown(9)])
    expect(third.closed).toEqual({ 7: 'there are 1 already, which is the limit (previews.limit)' })
  })

  it('one that goes makes room at once', () => {
    const result = chosen({ pulls: [pull(3), pull(1), pull(2, { labels: [] })], shown: [shown(2), shown(3)] })
    expect(result.shown.map((one) => one.number)).toEqual([3, 1])
    expect(result.closed).toEqual({ 2: 'its label was removed' })
  })

  it('a closed one goes', () => {
    expect(chosen({ pulls: [], shown: [shown(7)] }).closed).toEqual({ 7: 'it is not open any more' })
  })

  it('one that has not changed for too long goes, and comes back when it changes', () => {
    const expired = 'nothing of it has changed for so long that it has expired (previews.ttl)'
    const old = pull(7, { updatedAt: NOW - spec.ttlMs })
    expect(chosen({ pulls: [old], shown: [shown(7)] })).toEqual({ shown: [], refused: { 7: expired }, closed: { 7: expired } })
    expect(chosen({ pulls: [{ ...old, updatedAt: old.updatedAt + 1 }] }).shown).toEqual([shown(7)])
  })

  it('a branch of the repository is followed, where it moves too', () => {
    const moved = pull(7, { commit: id('b'), ref: 'refs/heads/topic' })
    expect(chosen({ pulls: [moved], shown: [shown(7)] }).shown).toEqual([shown(7, { commit: id('b'), ref: 'refs/heads/topic' })])
  })

  it('an app that has the name already keeps it', () => {
    const result = chosen({ pulls: [pull(7)], taken: new Set(['shop', 'shop-pr-7']) })
    expect(result).toEqual({ shown: [], refused: { 7: 'there is an app named shop-pr-7 already' }, closed: {} })
  })

  it('an answer that cannot be true is passed over', () => {
    const pulls = [
      pull(0),
      pull(-1),
      pull(1.5),
      pull(2, { ref: '--upload-pack=x' }),
      pull(3, { ref: 'refs/heads/../../x' }),
      pull(4, { ref: 'refs/heads/a b' }),
      pull(5, { ref: 'refs/heads/a:refs/heads/b' }),
      pull(6, { ref: 'refs/heads' }),
      pull(7, { commit: 'main' }),
      pull(8, { ref: 'refs/heads/größe/x.1' }),
    ]
    expect(chosen({ pulls }).shown.map((one) => one.number)).toEqual([8])
  })
})

describe('of a fork', () => {
  const fork = pull(7, { isFork: true })
  const nobody = 'it comes from a fork, and its label "preview" was not set by anybody who may push to the repository'

  it('nothing is shown unless somebody who may push has set the label', () => {
    expect(chosen({ pulls: [fork] })).toEqual({ shown: [], refused: { 7: nobody }, closed: {} })
    expect(chosen({ pulls: [fork], trusted: new Set([7]) }).shown).toEqual([shown(7, { isFork: true })])
    // Who set it may not push any more.
    expect(chosen({ pulls: [fork], shown: [shown(7, { isFork: true })] }).closed).toEqual({ 7: nobody })
  })

  it('the commit that was labelled stays the one that may be deployed, until the label is set anew', () => {
    const trusted = new Set([7])
    const first = chosen({ pulls: [fork], trusted }).shown
    const pushed = { ...fork, commit: id('b') }
    expect(chosen({ pulls: [pushed], trusted, shown: first }).shown).toEqual(first)
    const without = chosen({ pulls: [{ ...pushed, labels: [] }], trusted, shown: first })
    expect(without).toEqual({ shown: [], refused: {}, closed: { 7: 'its label was removed' } })
    expect(chosen({ pulls: [pushed], trusted, shown: without.shown }).shown).toEqual([
      shown(7, { isFork: true, commit: id('b') }),
    ])
  })
})
