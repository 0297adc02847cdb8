import { mkdtempSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { readOperatorFile, watchOperatorFile } from '../src/operator.ts'

let dir = ''
let file = ''

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'trimtab-operator-'))
  file = join(dir, 'platform.yaml')
  return () => rmSync(dir, { recursive: true, force: true })
})

const platform = (domain: string) => `domain: ${domain}\napps:\n  - {name: shop, repo: ./shop.git}\n`

/** As editors do it: another file, renamed into place. */
function replace(text: string): void {
  writeFileSync(join(dir, '.platform.yaml.swp'), text)
  renameSync(join(dir, '.platform.yaml.swp'), file)
}

/** What the watch tells, in order. */
function watching(env: NodeJS.ProcessEnv = {}) {
  const told: string[] = []
  let wake = () => {}
  const tell = (line: string) => {
    told.push(line)
    wake()
  }
  const end = watchOperatorFile(
    file,
    env,
    (next) => tell(next.domain),
    (message) => tell(message),
  )
  onTestFinished(end)
  /** Resolves with the next thing that is told, or what was told already and not asked for. */
  let read = 0
  const next = async (): Promise<string> => {
    while (told.length <= read) await new Promise<void>((resolve) => (wake = resolve))
    return told[read++] ?? ''
  }
  return { told, next, end }
}

describe('reading', () => {
  it('gives what the file says', () => {
    writeFileSync(file, platform('a.test'))
    expect(readOperatorFile(file, {})).toMatchObject({ domain: 'a.test', apps: [{ name: 'shop', repo: join(dir, 'shop.git') }] })
  })

  it('says which file is missing, and how to get one', () => {
    expect(() => readOperatorFile(file, {})).toThrow(
      expect.objectContaining({
        code: 'ConfigInvalid',
        retry: false,
        message: `There is no ${file}. "trimtab init --platform" writes one; --config names another.`,
      }),
    )
  })

  it('says why a file cannot be read', () => {
    expect(() => readOperatorFile(dir, {})).toThrow(
      expect.objectContaining({ code: 'ConfigInvalid', message: expect.stringMatching(`^${dir} cannot be read: .*EISDIR`) }),
    )
  })

  it('tells every problem at its line', () => {
    writeFileSync(file, 'domian: x\npoll: never\n')
    expect(() => readOperatorFile(file, {})).toThrow(
      expect.objectContaining({
        code: 'ConfigInvalid',
        message: expect.stringMatching(/platform\.yaml:1:1 domian[\s\S]*platform\.yaml:2:1 poll/),
      }),
    )
  })
})

describe('watching', () => {
  it('hears of a file that is replaced by renaming, again and again', async () => {
    writeFileSync(file, platform('a.test'))
    const { next } = watching()
    replace(platform('b.test'))
    expect(await next()).toBe('b.test')
    replace(platform('c.test'))
    expect(await next()).toBe('c.test')
    writeFileSync(file, platform('d.test'))
    expect(await next()).toBe('d.test')
  })

  it('tells what is wrong with an invalid one, and takes the next valid one', async () => {
    writeFileSync(file, platform('a.test'))
    const { next } = watching()
    replace('domain: [a\n')
    expect(await next()).toMatch(/platform\.yaml:\d+:\d+/)
    replace(platform('a.test'))
    expect(await next()).toBe('a.test')
  })

  it('tells of one that is gone, and takes it when it is back', async () => {
    writeFileSync(file, platform('a.test'))
    const { next } = watching()
    rmSync(file)
    expect(await next()).toContain(`There is no ${file}.`)
    replace(platform('b.test'))
    expect(await next()).toBe('b.test')
  })

  it('takes a file that was not there when it began', async () => {
    const { next } = watching()
    writeFileSync(file, platform('a.test'))
    expect(await next()).toBe('a.test')
  })

  it('sees through a link whose target changes', async () => {
    const real = mkdtempSync(join(tmpdir(), 'trimtab-operator-'))
    onTestFinished(() => rmSync(real, { recursive: true, force: true }))
    writeFileSync(join(real, 'p.yaml'), platform('a.test'))
    symlinkSync(join(real, 'p.yaml'), file)
    const { next } = watching()
    writeFileSync(join(real, 'p.yaml'), platform('b.test'))
    expect(await next()).toBe('b.test')
  })

  it('says nothing of other files, nor of a file that was only read', async () => {
    writeFileSync(file, platform('a.test'))
    const { told, next } = watching()
    writeFileSync(join(dir, 'notes.txt'), 'x')
    readFileSync(file)
    replace(platform('b.test'))
    expect(await next()).toBe('b.test')
    expect(told).toEqual(['b.test'])
  })

  it('reads the environment it was given', async () => {
    writeFileSync(file, platform('a.test'))
    const { next } = watching({ WHERE: 'e.test' })
    // biome-ignore lint/suspicious/noTemplateCurlyInString: this is what the file says.
    replace(platform('"${WHERE}"'))
    expect(await next()).toBe('e.test')
  })

  it('is over when it is ended', async () => {
    writeFileSync(file, platform('a.test'))
    const first = watching()
    const second = watching()
    first.end()
    replace(platform('b.test'))
    expect(await second.next()).toBe('b.test')
    expect(first.told).toEqual([])
  })
})
