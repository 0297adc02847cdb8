import type { AppStatus, InstanceStatus } from '../../domain.ts'
import { indent, oneLine, printable, shortCommit } from '../../text.ts'
import { type Paint, plain, toneOf } from './paint.ts'
import { inWords } from './suspension.ts'
import { type Cell, table } from './table.ts'
import { ago } from './time.ts'

const HEAD = ['APP', 'STATUS', 'COMMIT', 'RELEASE', 'SINCE', 'PROCESSES', 'URL']

/** The table of `trimtab status`, and beneath it what failed or is under way. */
export function renderStatus(apps: AppStatus[], now: number, paint: Paint = plain): string {
  if (apps.length === 0) return 'No apps yet: add one under `apps:` in platform.yaml.'
  const rows = apps.map((app) => row(app, now, paint))
  const notes = apps.flatMap((app) => [shows(app), note(app, paint), untold(app)]).filter((text) => text !== '')
  const isOne = apps.length === 1
  const instances = apps.flatMap(({ app, instances = [] }) =>
    instances.map((one) => instanceRow(one, now, isOne ? '' : `${app}.`)),
  )
  const details = instances.length > 0 ? [table(INSTANCES, instances, paint.dim)] : []
  return [table(HEAD, rows, paint.dim), ...details, ...notes].join('\n\n')
}

const INSTANCES = ['INSTANCE', 'RELEASE', 'STATE', 'SINCE', 'MEMORY', 'CPU']

function instanceRow(one: InstanceStatus, now: number, app: string): Cell[] {
  const { process, index, release, state, since, memoryBytes, cpus } = one
  return [
    `${app}${process}.${index}`,
    `v${release}`,
    state,
    ago(since, now),
    memoryBytes === null ? '-' : `${(memoryBytes / 2 ** 20).toFixed(0)} MB`,
    cpus === null ? '-' : `${(cpus * 100).toFixed(cpus < 0.1 ? 1 : 0)} %`,
  ]
}

function row(app: AppStatus, now: number, paint: Paint): Cell[] {
  const { serving, processes } = app
  return [
    { text: app.app, style: paint.bold },
    { text: app.status, style: toneOf(app.status, paint) },
    commits(app),
    serving === null ? '-' : `v${serving.release}`,
    serving === null ? '-' : ago(serving.since, now),
    processes.map(({ type, want, ready }) => `${type} ${ready}/${want}`).join(', ') || '-',
    app.urls.join(' ') || '-',
  ]
}

/** The commit that serves, and the one that is wanted where it is another. */
function commits({ serving, desired }: AppStatus): string {
  if (serving === null || desired.commit === null) return shortCommit(serving?.commit ?? desired.commit)
  return serving.commit === desired.commit
    ? shortCommit(serving.commit)
    : `${shortCommit(serving.commit)} → ${shortCommit(desired.commit)}`
}

function note(app: AppStatus, paint: Paint): string {
  const { failure } = app
  const name = oneLine(app.app)
  const suspended = app.suspended ? `${name}: ${inWords(app.suspended)}; ${lifting(app)}` : ''
  if (app.status === 'Suspended' && (app.down || !app.suspended)) {
    return [`${name}: stopped by hand; \`trimtab restart ${name}\` brings it back.`, suspended]
      .filter((line) => line !== '')
      .join('\n')
  }
  if (failure === null && app.suspended) return suspended
  if (failure === null) {
    return app.message !== '' && !isAsWanted(app) ? `${oneLine(app.app)}: ${printable(app.message)}` : ''
  }
  const head = `${oneLine(app.app)}: ${paint.red(oneLine(failure.code))}${failure.commit === null ? '' : ` at ${shortCommit(failure.commit)}`}. ${whatServes(app)}`
  return `${suspended === '' ? '' : `${suspended}\n`}${head}\n${indent(printable(failure.message))}`
}

function shows({ app, preview }: AppStatus): string {
  return preview ? `${oneLine(app)} shows pull request #${preview.number} of ${oneLine(preview.of)}.` : ''
}

/** What of it has not arrived where it should have been told. */
function untold({ app, reports }: AppStatus): string {
  if (!reports) return ''
  const counts = [
    reports.waiting > 0 ? `${reports.waiting} waiting` : '',
    reports.dropped > 0 ? `${reports.dropped} given up` : '',
  ]
  const what = counts.filter((count) => count !== '').join(', ')
  return `${oneLine(app)}: reports that have not arrived: ${what}. ${oneLine(reports.lastError)}`
}

/** What of it goes on, and who may say that commits are deployed again. */
function lifting({ app, suspended, serving, desired }: AppStatus): string {
  const waits =
    desired.commit === null || desired.commit === serving?.commit
      ? 'no commit'
      : `${shortCommit(desired.commit)} is not deployed, and no other commit`
  const end = suspended?.by.startsWith('app.yaml at ')
    ? 'one without "suspend: true" in app.yaml'
    : `\`trimtab resume ${oneLine(app)}\``
  return `${waits} is deployed until ${end}.`
}

/** A wait that nobody has to know of: the newest commit serves, with all its processes. */
function isAsWanted({ status, serving, desired, processes }: AppStatus): boolean {
  return status === 'Live' && serving?.commit === desired.commit && processes.every(({ want, ready }) => ready >= want)
}

function whatServes({ failure, serving }: AppStatus): string {
  if (serving === null) return 'Nothing of it serves.'
  const release = `v${serving.release} (${shortCommit(serving.commit)})`
  return failure?.commit === serving.commit ? `It is of ${release}, which is live.` : `${release} still serves.`
}
