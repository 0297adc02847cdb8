import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { beforeAll, expect, it, onTestFinished } from 'vitest'
import { lockState } from '../../src/store/lock.ts'
import { stateDirectory } from './opened.ts'

const root = join(import.meta.dirname, '../..')
let compiled = ''

/** The lock as another process has it: compiled, below node_modules, where it finds the packages. */
beforeAll(() => {
  compiled = mkdtempSync(join(root, 'node_modules/.trimtab-lock-'))
  writeFileSync(join(compiled, 'package.json'), '{"type":"module"}')
  const compilerOptions = { rootDir: join(root, 'src'), outDir: compiled, noEmit: false }
  const config = {
    extends: join(root, 'tsconfig.build.json'),
    compilerOptions,
    include: [],
    files: [join(root, 'src/store/lock.ts')],
  }
  writeFileSync(join(compiled, 'tsconfig.json'), JSON.stringify(config))
  execFileSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', compiled], { stdio: 'inherit' })
  return () => rmSync(compiled, { recursive: true, force: true })
})

/** A process that has the lock, and does nothing else. */
async function holder(state: string) {
  const code = `import { lockState } from ${JSON.stringify(join(compiled, 'store/lock.js'))}
    lockState(process.argv[1])
    console.log('locked')
    setInterval(() => {}, 1_000)`
  const child = spawn(process.execPath, ['--input-type=module', '--eval', code, state], { stdio: ['ignore', 'pipe', 'inherit'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  const [line] = await once(createInterface(child.stdout), 'line')
  expect(line).toBe('locked')
  return child
}

it('is refused to a second one in the same process, and free again when it is let go', () => {
  const state = stateDirectory()
  const letGo = lockState(state)
  expect(() => lockState(state)).toThrow(expect.objectContaining({ code: 'StateLocked', retry: false }))
  letGo()
  lockState(state)()
})

it('is refused with who has it, and free the moment its holder is killed', async () => {
  const state = stateDirectory()
  const child = await holder(state)
  const { since } = JSON.parse(readFileSync(join(state, 'owner.json'), 'utf8')) as { since: string }
  expect(() => lockState(state)).toThrow(
    `Another trimtab (process ${child.pid}, since ${since}) has the state directory ${state}. Only one trimtab may run on it.`,
  )
  child.kill('SIGKILL')
  await once(child, 'exit')
  const letGo = lockState(state)
  expect(JSON.parse(readFileSync(join(state, 'owner.json'), 'utf8'))).toMatchObject({ pid: process.pid })
  letGo()
})

it('is refused without a name where the note cannot be read', async () => {
  const state = stateDirectory()
  await holder(state)
  writeFileSync(join(state, 'owner.json'), '')
  expect(() => lockState(state)).toThrow(`Another trimtab has the state directory ${state}. Only one trimtab may run on it.`)
})
