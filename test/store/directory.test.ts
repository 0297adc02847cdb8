import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { makeStateDirectory } from '../../src/store/directory.ts'

let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'trimtab-state-'))
})
afterEach(() => rmSync(dir, { recursive: true }))

describe('the state directory', () => {
  it('is for this user only, and invisible to git add', () => {
    execFileSync('git', ['init', '--quiet', dir])
    const state = join(dir, '.trimtab')
    makeStateDirectory(state)
    makeStateDirectory(state)
    writeFileSync(join(state, 'trimtab.db'), '')
    expect(statSync(state).mode & 0o777).toBe(0o700)
    expect(execFileSync('git', ['-C', dir, 'status', '--porcelain'], { encoding: 'utf8' })).toBe('')
  })

  it('says what to do where it cannot be made', () => {
    writeFileSync(join(dir, 'file'), '')
    expect(() => makeStateDirectory(join(dir, 'file/state'))).toThrow(
      /cannot be made \(ENOTDIR\)\. Set "state" in platform\.yaml/,
    )
  })
})
