/** The app that end-to-end tests deploy: one file of Node that says what it is told to say, what it is, and misbehaves on request. */
import type { Content } from './repo.ts'

const SERVER = `import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'

const boot = randomUUID()
const text = readFileSync('text.txt', 'utf8')

const server = createServer((request, response) => {
  const { pathname, searchParams } = new URL(request.url, 'http://localhost')
  if (pathname === '/env') return response.end(JSON.stringify({ boot, env: process.env }))
  if (pathname === '/path') return response.end(request.url)
  if (pathname === '/slow') return setTimeout(() => response.end(text), Number(searchParams.get('ms')))
  if (pathname === '/log') console.log(searchParams.get('line'))
  if (pathname === '/exit') setImmediate(() => process.exit(Number(searchParams.get('code'))))
  response.end(text)
})

server.listen(Number(process.env.PORT), () => console.log('listening, ' + text))

process.once('SIGTERM', () => {
  server.close(() => process.exit(0))
  setInterval(() => server.closeIdleConnections(), 20)
})
`

/** A process without traffic. */
const WORKER = `console.log('worker begins as ' + process.env.PROCESS + '.' + process.env.INSTANCE)
const timer = setInterval(() => {}, 1000)
process.once('SIGTERM', () => clearInterval(timer))
`

/** What `GET /env` answers. */
export interface Told {
  /** Another one for every start. */
  boot: string
  env: Record<string, string>
}

/** Files of an app that answers with `text`. It needs no build step, so a build takes some 30 ms. */
export function webApp(text: string, more: Record<string, Content> = {}): Record<string, Content> {
  return {
    'package.json': '{"name": "app", "private": true, "type": "module"}\n',
    'server.js': SERVER,
    Procfile: 'web: node server.js\n',
    'text.txt': text,
    ...more,
  }
}

/** The same with a worker beside it. */
export function webAndWorker(text: string, more: Record<string, Content> = {}): Record<string, Content> {
  return webApp(text, { 'worker.js': WORKER, Procfile: 'web: node server.js\nworker: node worker.js\n', ...more })
}

/** app.yaml, of a value: JSON is YAML. */
export function appYaml(value: Record<string, unknown>): Record<string, Content> {
  return { 'app.yaml': `${JSON.stringify(value, null, 2)}\n` }
}

/** An app that is its own buildpack: `compile` is the shell of its build. */
export function ownBuild(compile: string, text: string, more: Record<string, Content> = {}): Record<string, Content> {
  return webApp(text, {
    'bin/detect': { executable: '#!/bin/sh\necho Own\n' },
    'bin/compile': { executable: `#!/bin/sh\nset -e\n${compile}\n` },
    'bin/release': { executable: '#!/bin/sh\necho "--- {}"\n' },
    ...more,
  })
}
