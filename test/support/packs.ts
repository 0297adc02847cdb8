/** Buildpacks that somebody else has written (test/fixtures/packs), each in a repository of its own, behind a git server. */
import { cpSync } from 'node:fs'
import { join } from 'node:path'
import { type GitHttp, type GitHttpOptions, startGitHttp } from './githttp.ts'
import { makeRepo, type Repo } from './repo.ts'

const FIXTURES = join(import.meta.dirname, '../fixtures/packs')
const NAMES = ['toolchain', 'settings', 'server', 'cloudfoundry'] as const

export type PackName = (typeof NAMES)[number]

export interface ServedPacks {
  repos: Record<PackName, Repo>
  server: GitHttp
  /** The address of one of them, or of another repository in the same folder. */
  url(name: string): string
  /** The same server, away for a while: nobody answers at its address. */
  away(): Promise<void>
  back(): Promise<void>
}

export async function servePacks(folder: string, options: GitHttpOptions = {}): Promise<ServedPacks> {
  const repos = Object.fromEntries(
    NAMES.map((name) => {
      const repo = makeRepo(join(folder, name))
      cpSync(join(FIXTURES, name), repo.dir, { recursive: true })
      repo.commit(`The ${name} buildpack`)
      return [name, repo]
    }),
  ) as Record<PackName, Repo>
  const served: ServedPacks = {
    repos,
    server: await startGitHttp(folder, options),
    url: (name) => `${served.server.url}/${name}/.git`,
    away: () => served.server.close(),
    async back() {
      served.server = await startGitHttp(folder, { ...options, port: Number(new URL(served.server.url).port) })
    },
  }
  return served
}

/** An app for these packs: answers with what it finds in its environment and beside itself. */
export const PACKED = {
  'tool.txt': 'shout\n',
  'server.js': `
const { execFileSync } = require('node:child_process')
const { existsSync, readFileSync } = require('node:fs')
const run = (name, ...args) => { try { return execFileSync(name, args, { encoding: 'utf8' }).trim() } catch { return null } }
const read = (name) => (existsSync(name) ? readFileSync(name, 'utf8') : null)
require('node:http').createServer((request, response) => {
  const { GREETING, DEPS_DIR, VCAP_APPLICATION, FINALIZED, AT_START_0 } = process.env
  const told = { GREETING, DEPS_DIR, VCAP_APPLICATION, FINALIZED, AT_START_0 }
  const files = { settings: read('settings.txt'), finalized: read('finalized.txt') }
  response.end(JSON.stringify({ ...told, ...files, home: process.env.HOME, shout: run('shout', 'it runs'), tool: run('tool0', 'it runs') }))
}).listen(process.env.PORT)
`,
}
