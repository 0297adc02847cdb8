import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { TestContext } from 'vitest'
import { need } from '../support/need.ts'

const QUESTIONS = {
  npm: ['npm', 'view', 'ms@2.1.3', 'version'],
  pypi: ['python3', '-m', 'pip', 'download', '--no-deps', '--quiet', '--dest', '.', 'itsdangerous==2.2.0'],
  maven: [
    'curl',
    '-fsSL',
    '--output',
    'answer',
    'https://repo.maven.apache.org/maven2/com/heroku/webapp-runner/maven-metadata.xml',
  ],
}

/** Skips the test, with its reason, where this registry cannot be asked through its own client. */
export async function onlyWithRegistry(context: TestContext, registry: keyof typeof QUESTIONS): Promise<void> {
  const [program = '', ...args] = QUESTIONS[registry]
  const cwd = await mkdtemp(join(tmpdir(), 'trimtab-ask-'))
  try {
    await promisify(execFile)(program, args, { cwd, timeout: 20_000 })
  } catch {
    need(context, registry, 'the registry cannot be reached from here')
  } finally {
    await rm(cwd, { recursive: true })
  }
}
