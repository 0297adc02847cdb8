/** A folder, a source and apps for one test; everything is gone after it. */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test as base, expect } from 'vitest'
import type { AppSpec } from '../../src/domain.ts'
import { type FailureCode, TrimtabError } from '../../src/errors.ts'
import type { Source } from '../../src/ports.ts'
import { createGitSource, type GitSourceOptions } from '../../src/source/source.ts'

interface Fixture {
  tmp: string
  /** Makes a source on `<tmp>/state`; closed at the end of the test. */
  open(options?: Partial<GitSourceOptions>): Source
  source: Source
}

export const test = base.extend<Fixture>({
  // biome-ignore lint/correctness/noEmptyPattern: vitest reads it
  tmp: async ({}, use) => {
    const tmp = mkdtempSync(join(realpathSync(tmpdir()), 'trimtab-source-'))
    await use(tmp)
    rmSync(tmp, { recursive: true, force: true })
  },
  open: async ({ tmp }, use) => {
    const opened: Source[] = []
    await use((options = {}) => {
      const source = createGitSource({ state: join(tmp, 'state'), ...options })
      opened.push(source)
      return source
    })
    for (const source of opened) await source.close()
  },
  source: async ({ open }, use) => use(open()),
})

export function app(repo: string, more: Partial<AppSpec> = {}): AppSpec {
  return { name: 'hello', repo, path: '', ...more }
}

/** For `rejects.toThrow` and `toThrow`: the code, and what the message must say. */
export function failure(code: FailureCode, ...says: string[]) {
  return expect.toSatisfy(
    (error) => error instanceof TrimtabError && error.code === code && says.every((each) => error.message.includes(each)),
    `${code} that says ${says.join(', ')}`,
  )
}

/** Every mirror there is, as a path. */
export function mirrors(tmp: string): string[] {
  const dir = join(tmp, 'state/mirrors')
  return readdirSync(dir)
    .filter((name) => name.endsWith('.git'))
    .map((name) => join(dir, name))
}

/** A PATH on which git writes down its process id and arguments, and then is the real one. */
export function spyOnGit(tmp: string): { env: NodeJS.ProcessEnv; calls(command?: string): Array<{ pid: number; args: string }> } {
  const bin = join(tmp, 'bin')
  const log = join(tmp, 'git-calls')
  const real = execFileSync('which', ['git'], { encoding: 'utf8' }).trim()
  mkdirSync(bin)
  writeFileSync(join(bin, 'git'), `#!/bin/sh\necho "$$ $*" >> '${log}'\nexec '${real}' "$@"\n`, { mode: 0o755 })
  return {
    env: { ...process.env, PATH: `${bin}:${process.env.PATH}` },
    calls(command = '') {
      const lines = existsSync(log) ? readFileSync(log, 'utf8').trimEnd().split('\n') : []
      const all = lines.map((line) => ({ pid: Number.parseInt(line, 10), args: line.slice(line.indexOf(' ') + 1) }))
      return all.filter(({ args }) => args.includes(command))
    },
  }
}

/** Waits for a condition; the test's own time limit ends it. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 2))
}

/** Everything in the files of a folder, as one text. */
export function contentsOf(dir: string): string {
  const files = readdirSync(dir, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  return files.map((entry) => readFileSync(join(entry.parentPath, entry.name), 'latin1')).join('\n')
}
