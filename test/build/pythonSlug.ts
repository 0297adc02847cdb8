import { execFileSync, spawnSync } from 'node:child_process'
import { test } from 'vitest'

/** The version of this machine's python3; none: what needs one is skipped. */
export const HAVE: string | undefined = spawnSync('python3', ['-c', 'import sys; print("%d.%d.%d" % sys.version_info[:3])'], {
  encoding: 'utf8',
  cwd: '/',
}).stdout?.trim()

export const python = test.skipIf(!HAVE)

/** Runs a command in a slug as a process of the app would be: HOME is the slug, .profile.d is sourced. */
export function inSlug(ref: string, command: string): string {
  const script = `for f in "$HOME"/.profile.d/*.sh; do . "$f"; done; ${command}`
  return execFileSync('bash', ['-c', script], { cwd: ref, env: { HOME: ref, PATH: process.env.PATH }, encoding: 'utf8' }).trim()
}
