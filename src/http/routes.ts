/** The API as a table: what is asked, how it is checked, what answers it. The server and the OpenAPI page are both made from it. */
import { type ApiRoute, json, stream, upload } from './route.ts'
import * as schema from './schemas.ts'
import { artifactView, eventView, logLineView, releaseView, syncUpdateView } from './wire.ts'

interface OneApp {
  app: string
}
interface MaybeApp {
  app?: string
}

async function* map<A, B>(items: AsyncIterable<A>, view: (item: A) => B): AsyncGenerator<B> {
  for await (const item of items) yield view(item)
}

const asText = (text: string) => ({ text })

export const routes: readonly ApiRoute[] = [
  json({
    method: 'GET',
    path: '/version',
    summary: 'The running platform',
    answer: schema.version,
    handle: async (control) => control.version(),
  }),
  json({
    method: 'GET',
    path: '/lists',
    summary: 'Lists of apps in git, and apps that nobody declares any more of which something is kept',
    answer: schema.lists,
    handle: (control) => control.lists(),
  }),
  json({
    method: 'GET',
    path: '/apps',
    summary: 'Status of every app',
    answer: schema.listOf(schema.appStatus),
    handle: (control) => control.status(),
  }),
  json<OneApp & { usage: boolean }>({
    method: 'GET',
    path: '/apps/:app',
    summary: 'Status of one app, as a list of one; with usage, what its instances use',
    params: schema.oneApp,
    query: schema.object({ usage: schema.flag }, ['usage']),
    answer: schema.listOf(schema.appStatus),
    handle: (control, { app, usage }) => control.status(app, usage),
  }),
  json<OneApp>({
    method: 'GET',
    path: '/apps/:app/releases',
    summary: 'Releases, newest first',
    params: schema.oneApp,
    answer: schema.listOf(schema.release),
    handle: async (control, { app }) => (await control.releases(app)).map(releaseView),
  }),
  json<MaybeApp>({
    method: 'GET',
    path: '/plan',
    summary: 'What a pass would do now, and why; changes nothing',
    query: schema.maybeApp,
    answer: schema.listOf(schema.plan),
    handle: (control, { app }) => control.plan(app),
  }),
  stream<MaybeApp & { limit: number; follow: boolean }>({
    method: 'GET',
    path: '/events',
    summary: 'Events, oldest first',
    query: schema.object({ app: schema.appName, limit: schema.count(100), follow: schema.flag }, ['app', 'limit', 'follow']),
    answer: schema.event,
    stream: (control, input, signal) => map(control.events({ ...input, signal }), eventView),
  }),
  stream<OneApp & { process?: string; lines: number; follow: boolean }>({
    method: 'GET',
    path: '/apps/:app/logs',
    summary: 'Output of the app',
    params: schema.oneApp,
    query: schema.object({ process: schema.appName, lines: schema.count(100), follow: schema.flag }, [
      'process',
      'lines',
      'follow',
    ]),
    answer: schema.logLine,
    stream: (control, { app, ...options }, signal) => map(control.logs(app, { ...options, signal }), logLineView),
  }),
  stream<OneApp & { follow: boolean }>({
    method: 'GET',
    path: '/apps/:app/build-log',
    summary: 'Log of the newest build',
    params: schema.oneApp,
    query: schema.object({ follow: schema.flag }, ['follow']),
    answer: schema.textLine,
    stream: (control, { app, follow }, signal) => map(control.buildLog(app, { follow, signal }), asText),
  }),
  stream<MaybeApp & { wait: boolean; allowPrune: boolean }>({
    method: 'POST',
    path: '/sync',
    summary: 'Looks at git now; with wait, streams until the commit is live or has failed',
    body: schema.object({ app: schema.appName, wait: schema.flag, allowPrune: schema.flag }, ['app', 'wait', 'allowPrune']),
    answer: schema.syncUpdate,
    stream: (control, input, signal) => map(control.sync({ ...input, signal }), syncUpdateView),
  }),
  json<OneApp>({
    method: 'POST',
    path: '/apps/:app/restart',
    summary: 'Replaces every instance, without a gap; lifts down',
    params: schema.oneApp,
    answer: schema.ok,
    handle: async (control, { app }) => {
      await control.restart(app)
      return { ok: true }
    },
  }),
  json<OneApp & { by: string; reason?: string }>({
    method: 'POST',
    path: '/apps/:app/suspend',
    summary: 'No commit is deployed until resume; what runs stays',
    params: schema.oneApp,
    body: schema.object({ by: schema.who, reason: schema.reason }, ['reason']),
    answer: schema.appStatus,
    handle: (control, { app, by, reason = '' }) => control.suspend(app, { by, reason }),
  }),
  json<OneApp & { by: string }>({
    method: 'POST',
    path: '/apps/:app/resume',
    summary: 'Commits are deployed again; lifts neither down nor what app.yaml says',
    params: schema.oneApp,
    body: schema.object({ by: schema.who }),
    answer: schema.appStatus,
    handle: (control, { app, by }) => control.resume(app, { by }),
  }),
  stream<OneApp>({
    method: 'POST',
    path: '/apps/:app/down',
    summary: 'Stops one app until restart',
    params: schema.oneApp,
    answer: schema.textLine,
    unstoppable: true,
    stream: (control, { app }) => map(control.down(app), asText),
  }),
  json({
    method: 'GET',
    path: '/webhooks',
    summary: 'The repositories that apps and lists of apps are in, and where their deliveries go to',
    answer: schema.listOf(schema.webhookAddress),
    handle: (control) => control.webhooks(),
  }),
  json<OneApp>({
    method: 'GET',
    path: '/apps/:app/webhook',
    summary: 'What the forge has to be told so that it announces pushes; the one answer that holds a secret',
    params: schema.oneApp,
    answer: schema.webhook,
    handle: (control, { app }) => control.webhook(app),
  }),
  json<OneApp>({
    method: 'POST',
    path: '/apps/:app/webhook',
    summary: "Makes the webhook by the forge's API, or sets it right",
    params: schema.oneApp,
    answer: schema.installedWebhook,
    handle: (control, { app }) => control.installWebhook(app),
  }),
  upload<{ name: string }>({
    method: 'POST',
    path: '/artifacts',
    summary: 'Takes in an artifact, to be deployed by its hash',
    query: schema.object({ name: schema.fileName }),
    answer: schema.artifact,
    upload: async (control, { name }, content) => artifactView(await control.putArtifact(name, content)),
  }),
  json({
    method: 'GET',
    path: '/artifacts',
    summary: 'Artifacts that are kept, newest first',
    answer: schema.listOf(schema.artifact),
    handle: async (control) => (await control.artifacts()).map(artifactView),
  }),
  json<{ sha256: string }>({
    method: 'DELETE',
    path: '/artifacts/:sha256',
    summary: 'Removes an artifact, by as much of its hash as tells it from others, unless a release uses it',
    params: schema.object({ sha256: schema.hashStart }),
    answer: schema.artifact,
    handle: async (control, { sha256 }) => artifactView(await control.removeArtifact(sha256)),
  }),
  stream({
    method: 'POST',
    path: '/down',
    summary: 'Stops every app and the router, and then the platform itself',
    answer: schema.textLine,
    unstoppable: true,
    stream: (control) => map(control.down(), asText),
  }),
]
