/** Starts Traefik as a process that outlives us. */
import { spawn } from 'node:child_process'
import { closeSync, openSync, readFileSync, statSync } from 'node:fs'
import { askApi } from './api.ts'
import { holds } from './form.ts'
import type { Place } from './place.ts'
import { lastWords } from './words.ts'

const START_MS = 15_000

/** What of our environment is its business: how an authority on the internet is reached, and whom to trust there. */
const PASSED = ['HTTPS_PROXY', 'https_proxy', 'NO_PROXY', 'no_proxy', 'SSL_CERT_FILE', 'SSL_CERT_DIR']

export type Started = { ok: true } | { ok: false; words: string }

/** `born` is called as soon as there is a process; resolves when its API answers, or it has ended. */
export async function launch(program: string, place: Place, api: string, born: (pid: number) => void): Promise<Started> {
  const before = sizeOf(place.log)
  const said = sizeOf(place.output)
  // Appended to: the one before may not have ended yet.
  const output = openSync(place.output, 'a', 0o600)
  // Nothing else of our environment: no secrets, and no HTTP_PROXY, through which it would ask the apps.
  const env = Object.fromEntries(PASSED.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : [])))
  const child = spawn(program, [`--configFile=${place.config}`], {
    detached: true,
    cwd: '/',
    env,
    stdio: ['ignore', output, output],
  })
  closeSync(output)
  child.unref()
  let ended: string | null = null
  child.on('error', (error) => {
    ended = error.message
  })
  child.on('exit', (code, signal) => {
    ended ??= `it has ended (${signal ?? `exit code ${code}`})`
  })
  if (child.pid !== undefined) born(child.pid)
  const up = await holds(START_MS, async () => ended !== null || (await isUp(api)))
  if (ended === null && up) return { ok: true }
  if (ended === null) {
    child.kill('SIGKILL')
    ended = `its API has not answered within ${START_MS / 1000} s`
  }
  return { ok: false, words: lastWords(textFrom(place.log, before)) || lastWords(textFrom(place.output, said)) || ended }
}

/** It answers when it has read its routes, and serves them. */
export function isUp(api: string): Promise<boolean> {
  return askApi(api, 'version').then(
    () => true,
    () => false,
  )
}

export function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0
}

/** '' where there is nothing. */
export function textFrom(path: string, offset: number): string {
  try {
    return readFileSync(path).subarray(offset).toString('utf8')
  } catch {
    return ''
  }
}
