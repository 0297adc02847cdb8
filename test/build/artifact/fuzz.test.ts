/** Archives with random damage: nothing of them is ever outside of their folder, and nothing but a refusal comes out. */
import { createReadStream, existsSync, lstatSync, mkdirSync, readdirSync, readlinkSync, rmSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, relative, resolve } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { tarEntries } from '../../../src/build/artifact/tar.ts'
import { unpack } from '../../../src/build/artifact/unpack.ts'
import { zipEntries } from '../../../src/build/artifact/zip.ts'
import { TrimtabError } from '../../../src/errors.ts'
import { type Part, pax, tarOf, type ZipPart, zipOf } from './made.ts'

const ROUNDS = Number(process.env.FUZZ ?? 1500)
const SEED = Number(process.env.FUZZ_SEED ?? Date.now() % 2 ** 31)

/** mulberry32: small, and the same everywhere. */
function randomOf(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) % below
  }
}

const NAMES = [
  'a',
  'a/b',
  'a/b/c',
  '../x',
  '/x',
  'a/../../x',
  './',
  'd/',
  'd',
  'd/e',
  '..',
  'a\\b',
  '.trimtab/launch',
  'e/../..',
  'ü',
]
const TARGETS = ['a', '..', '../..', '../../x', '/etc/passwd', 'd/e', './a', 'a/..', 'd/../../..', '']
const LIMITS = { total: 100_000, file: 50_000, entries: 50, depth: 10 }

function made(random: (below: number) => number, kind: 'tar' | 'zip'): Buffer {
  const pick = <T>(list: readonly T[]) => list[random(list.length)] as T
  const count = random(8)
  if (kind === 'zip') {
    const modes = [0o100644, 0o100755, 0o040755, 0o120777, 0o010644, 0]
    const parts = Array.from({ length: count }, (): ZipPart => {
      const mode = pick(modes)
      return {
        name: pick(NAMES),
        content: mode === 0o120777 ? pick(TARGETS) : 'x'.repeat(random(200)),
        mode,
        stored: random(2) === 0,
      }
    })
    return zipOf(parts, { zip64: random(4) === 0 })
  }
  const parts = Array.from({ length: count }, (): Part[] => {
    const part = {
      name: pick(NAMES),
      content: 'x'.repeat(random(1200)),
      type: pick(['0', '0', '0', '5', '2', '1', '7']),
      target: pick(TARGETS),
    }
    const plain = part.type === '0' || part.type === '7' ? part : { ...part, content: '' }
    return random(4) === 0 ? [pax({ path: pick(NAMES), linkpath: pick(TARGETS) }), plain] : [plain]
  })
  return tarOf(parts.flat(), { end: random(5) > 0 })
}

function damaged(bytes: Buffer, random: (below: number) => number): Buffer {
  const copy = Buffer.from(bytes)
  if (copy.length === 0) return copy
  for (let times = random(4); times > 0; times -= 1) copy[random(copy.length)] = random(256)
  return random(10) === 0 ? copy.subarray(0, random(copy.length)) : copy
}

/** Everything below a folder that is a link which leads out of it. */
function leaving(dir: string): string[] {
  const all = readdirSync(dir, { recursive: true, withFileTypes: true }).map((entry) => join(entry.parentPath, entry.name))
  const links = all.filter((path) => lstatSync(path).isSymbolicLink())
  return links.filter((path) => relative(dir, resolve(dirname(path), readlinkSync(path))).startsWith('..'))
}

it.each(['tar', 'zip'] as const)(`%s, ${ROUNDS} times (FUZZ_SEED=${SEED})`, { timeout: 120_000 }, async (kind) => {
  const root = await mkdtemp(join(tmpdir(), 'trimtab-fuzz-'))
  onTestFinished(() => rm(root, { recursive: true, force: true }))
  const random = randomOf(SEED)
  const dir = join(root, 'in/here')
  const file = join(root, 'archive')
  let taken = 0
  for (let round = 0; round < ROUNDS; round += 1) {
    mkdirSync(dir, { recursive: true })
    const bytes = damaged(made(random, kind), random)
    writeFileSync(file, bytes)
    try {
      const entries = kind === 'tar' ? tarEntries(createReadStream(file, { highWaterMark: 1 + random(2000) })) : zipEntries(file)
      await unpack(entries, dir, LIMITS, new AbortController().signal)
      taken += 1
    } catch (error) {
      if (!(error instanceof TrimtabError) || error.code !== 'BuildFailed' || error.retry)
        throw new Error(`round ${round}`, { cause: error })
    }
    expect(readdirSync(root).sort(), `round ${round}`).toEqual(['archive', 'in'])
    expect(readdirSync(join(root, 'in')), `round ${round}`).toEqual(['here'])
    expect(leaving(dir), `round ${round}`).toEqual([])
    expect(existsSync(join(dir, '.trimtab'))).toBe(false)
    rmSync(dir, { recursive: true })
  }
  // Damage is not all there is.
  expect(taken).toBeGreaterThan(ROUNDS / 50)
})
