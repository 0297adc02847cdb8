import { describe, expect, it } from 'vitest'
import type { NotifySpec } from '../../src/domain.ts'
import type { Report, Told } from '../../src/ports.ts'
import { farewell, reportsOf, type Situation } from '../../src/report/reports.ts'
import { targetOf } from '../../src/report/targets.ts'
import { A, B } from '../store/opened.ts'
import { attempt, record, release } from './records.ts'

const FORGE = 'github github.com acme/shop'
const slack: NotifySpec = {
  kind: 'slack',
  url: 'https://hooks.slack.com/services/T/B/SECRET',
  on: ['live', 'failed', 'recovered'],
}
const SLACK = targetOf(slack)
const URL = 'http://shop.test/'

const situation = (change: Partial<Situation>): Situation => ({
  app: 'shop',
  record: record(),
  told: [],
  forge: FORGE,
  notify: [slack],
  url: URL,
  now: 7,
  ...change,
})
const told = (topic: Told['topic'], commit: string, state: string): Told => ({
  target: topic === 'news' ? '' : FORGE,
  topic,
  commit,
  state,
})
const brief = (reports: Report[]) =>
  reports.map(({ target, topic, commit, says }) =>
    [target, topic, commit.slice(0, 1), topic === 'news' ? says.kind : says.state].join(' '),
  )

describe('what has to be told', () => {
  it('a commit under way: its check is pending, on the forge alone', () => {
    const due = reportsOf(situation({ record: record({ attempt: attempt('open') }) }))
    const says = { state: 'pending', description: 'is being deployed', url: URL }
    const common = { target: FORGE, app: 'shop', commit: A }
    expect(due).toEqual({
      reports: [
        { ...common, topic: 'status', says: { context: 'trimtab/shop', ...says } },
        { ...common, topic: 'deployment', says },
      ],
      told: [told('status', A, 'pending: is being deployed'), told('deployment', A, 'pending: is being deployed')],
      until: null,
    })
  })

  it('told once, it is not told again', () => {
    const live = situation({ record: record({ attempt: attempt('succeeded'), serving: release(1) }) })
    const { reports, told } = reportsOf(live)
    expect(brief(reports)).toEqual([`${FORGE} status a success`, `${FORGE} deployment a success`, `${SLACK} news a live`])
    expect(reportsOf({ ...live, told })).toEqual({ reports: [], told: [], until: null })
  })

  it('a commit that another took the place of does not stay pending', () => {
    const before = [told('status', A, 'pending: is being deployed'), told('deployment', A, 'pending: is being deployed')]
    const { reports } = reportsOf(situation({ record: record({ attempt: attempt('open', { commit: B }) }), told: before }))
    expect(brief(reports)).toEqual([
      `${FORGE} status a failure`,
      `${FORGE} status b pending`,
      `${FORGE} deployment a failure`,
      `${FORGE} deployment b pending`,
    ])
    expect(reports[0]?.says).toMatchObject({ description: 'superseded by bbbbbbb before it was live' })
    // One that was told its end keeps it.
    const ended = [told('status', A, 'success: v1 is live'), told('deployment', A, 'success: v1 is live')]
    const next = reportsOf(situation({ record: record({ attempt: attempt('open', { commit: B }) }), told: ended }))
    expect(brief(next.reports)).toEqual([`${FORGE} status b pending`, `${FORGE} deployment b pending`])
  })

  it('a commit that waits is pending, once what went before it has had its verdict', () => {
    const held = { commit: B, kind: 'window', since: 0 } as const
    const before = [told('status', A, 'pending: is being deployed'), told('deployment', A, 'success: v1 is live')]
    const live = situation({
      record: record({ attempt: attempt('succeeded'), serving: release(1), held }),
      told: before,
      notify: [],
    })
    const first = reportsOf(live)
    expect(brief(first.reports)).toEqual([
      `${FORGE} status a success`,
      `${FORGE} status b pending`,
      `${FORGE} deployment b pending`,
    ])
    expect(reportsOf({ ...live, told: [...first.told, told('news', A, 'live v1')] }).reports).toEqual([])
    const newer = { ...held, commit: 'c'.repeat(40) }
    const next = reportsOf({ ...live, record: { ...live.record, held: newer }, told: first.told })
    expect(brief(next.reports).slice(0, 2)).toEqual([`${FORGE} status b failure`, `${FORGE} status c pending`])
  })

  it('where there is no forge, people are told all the same, and the other way round', () => {
    const live = record({ attempt: attempt('succeeded'), serving: release(1) })
    expect(brief(reportsOf(situation({ record: live, forge: null })).reports)).toEqual([`${SLACK} news a live`])
    const quiet = reportsOf(situation({ record: live, notify: [] }))
    expect(brief(quiet.reports)).toEqual([`${FORGE} status a success`, `${FORGE} deployment a success`])
    // What nobody was told is old news for who comes later.
    expect(quiet.told).toContainEqual({ target: '', topic: 'news', commit: A, state: 'live v1' })
  })

  it('only those hear of it who want to', () => {
    const failed = record({ attempt: attempt('failed', { failure: { code: 'BuildFailed', message: 'x' } }) })
    const notify = (change: Partial<NotifySpec>) => [{ ...slack, ...change } as NotifySpec]
    const heard = (change: Partial<NotifySpec>) =>
      reportsOf(situation({ record: failed, forge: null, notify: notify(change) })).reports.length
    expect(heard({ on: ['failed'] })).toBe(1)
    expect(heard({ on: ['live', 'recovered'] })).toBe(0)
    expect(heard({ apps: ['blog'] })).toBe(0)
    expect(heard({ apps: ['blog', 'shop'] })).toBe(1)
  })

  it('a failure comes with its reason and the end of its log; problems of a file with the first of them', () => {
    const log = Array.from({ length: 400 }, (_, i) => `line ${i}\u001b[0m`).join('\r\n')
    const news = (code: 'BuildFailed' | 'ManifestInvalid', message: string) => {
      const attempted = attempt('failed', { failure: { code, message } })
      const [report] = reportsOf(situation({ record: record({ attempt: attempted }), forge: null })).reports
      return report?.topic === 'news' ? report.says.failure : null
    }
    const built = news('BuildFailed', `npm ci failed. The end of its log:\n${log}`)
    expect(built?.reason).toBe('npm ci failed.')
    expect(built?.details).toMatch(/^…\nline \d+\n[line \d\n]*\nline 399$/)
    expect(built?.details.length).toBeLessThanOrEqual(2_500)
    const problems = news('ManifestInvalid', `app.yaml is not valid:\n${log}`)
    expect(problems?.details).toMatch(/^line 0\nline 1\n[line \d\n]*…$/)
  })

  it('holds no address of those who are notified', () => {
    const { reports, told } = reportsOf(situation({ record: record({ attempt: attempt('succeeded'), serving: release(1) }) }))
    expect(JSON.stringify({ reports, told })).not.toContain('SECRET')
  })

  it('an app that is gone is not deployed any more', () => {
    const last = [told('status', A, 'success: v1 is live'), told('deployment', A, 'success: v1 is live')]
    expect(brief(farewell('shop', last))).toEqual([`${FORGE} deployment a inactive`])
  })
})
