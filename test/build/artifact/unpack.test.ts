import { execFileSync } from 'node:child_process'
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { type Part, pax, tarOf, tgzOf, type ZipPart, zipOf } from './made.ts'
import { place } from './unpacked.ts'

const refusal = (why: string) => ({ code: 'BuildFailed', retry: false, message: expect.stringContaining(why) })
const FILE = 0o100644

describe('what is taken', () => {
  it('files, folders and links inside, with nothing of a mode but whether it may be run', async () => {
    const p = await place()
    const parts: Part[] = [
      { name: './' },
      { name: 'bin/', type: '5', mode: 0o777 },
      { name: 'bin/run', content: '#!/bin/sh\n', mode: 0o4755 },
      { name: 'lib/deep/data.txt', content: 'x'.repeat(100_000), mode: 0o600 },
      { name: 'bin/data', type: '2', target: '../lib/deep/data.txt' },
      { name: 'current', type: '2', target: 'lib' },
      { name: '.trimtab/launch', content: 'not yours' },
    ]
    for (const [bytes, kind] of [
      [tarOf(parts), 'tar'],
      [tgzOf(parts), 'tgz'],
    ] as const) {
      expect(await p.unpack(bytes, kind)).toEqual({
        bin: null,
        'bin/data': '-> ../lib/deep/data.txt',
        'bin/run': '#!/bin/sh\n',
        current: '-> lib',
        lib: null,
        'lib/deep': null,
        'lib/deep/data.txt': 'x'.repeat(100_000),
      })
      expect(['bin', 'bin/run', 'lib/deep/data.txt'].map(p.mode)).toEqual(['755', '755', '644'])
    }
    const zip: ZipPart[] = [
      { name: 'bin/', mode: 0o40700 },
      { name: 'bin/run', content: '#!/bin/sh\n', mode: 0o106755 },
      { name: 'data.txt', content: 'y'.repeat(50_000), mode: FILE },
      { name: 'stored', content: 'z', mode: FILE, stored: true },
      { name: 'link', content: 'bin/run', mode: 0o120777 },
      { name: 'windows.sh', content: '#!/bin/sh\n' },
      { name: 'windows.txt', content: 'plain' },
    ]
    for (const options of [{}, { comment: 'a remark' }, { zip64: true }]) {
      const found = await p.unpack(zipOf(zip, options), 'zip')
      expect(found).toMatchObject({ 'bin/run': '#!/bin/sh\n', 'data.txt': 'y'.repeat(50_000), stored: 'z', link: '-> bin/run' })
      expect(['bin/run', 'data.txt', 'windows.sh', 'windows.txt'].map(p.mode)).toEqual(['755', '644', '755', '644'])
    }
  })

  it('what tar and git make: long names, other alphabets, global remarks', async () => {
    const p = await place()
    const from = join(p.root, 'from')
    const long = `${'very-'.repeat(30)}long/${'name-'.repeat(40)}`
    mkdirSync(join(from, long), { recursive: true })
    writeFileSync(join(from, long, 'grüße 漢字.txt'), 'hello')
    writeFileSync(join(from, 'small'), '')
    symlinkSync(long, join(from, 'link'))
    for (const format of ['gnu', 'pax', 'posix', 'oldgnu']) {
      const bytes = execFileSync('tar', [`--format=${format}`, '-C', from, '-cf', '-', '.'])
      const found = await p.unpack(bytes, 'tar')
      expect(found).toMatchObject({ [`${long}/grüße 漢字.txt`]: 'hello', small: '', link: `-> ${long}` })
    }
    const remark: Part = { ...pax({ comment: 'a commit' }), type: 'g' }
    expect(
      await p.unpack(tarOf([remark, pax({ path: 'by/pax', mtime: '1.5' }), { name: 'short', content: 'x' }]), 'tar'),
    ).toEqual({
      by: null,
      'by/pax': 'x',
    })
  })

  it('garbage behind a tar archive is nobody’s business; within a zip archive’s end it is refused', async () => {
    const p = await place()
    const parts = [{ name: 'a', content: 'x' }]
    expect(await p.unpack(Buffer.concat([tarOf(parts), Buffer.from('garbage'.repeat(500))]), 'tar')).toEqual({ a: 'x' })
    expect(await p.unpack(gzipSync(Buffer.concat([tarOf(parts), Buffer.alloc(10_240)])), 'tgz')).toEqual({ a: 'x' })
    await expect(p.unpack(Buffer.concat([zipOf(parts), Buffer.from('garbage')]), 'zip')).rejects.toMatchObject(
      refusal('is no whole zip archive'),
    )
  })
})

describe('names that are refused, in both', () => {
  const LEAVES = 'leaves the folder'
  it.each([
    ['../x', LEAVES],
    ['a/../../x', LEAVES],
    ['a/..', LEAVES],
    ['..', LEAVES],
    ['/etc/passwd', 'has an absolute path'],
    ['//etc', 'has an absolute path'],
    ['C:/windows', 'has an absolute path'],
    ['a\\..\\..\\x', 'has a backslash'],
    ['a\nb', 'has a control character'],
    ['a\u007fb', 'has a control character'],
    [`${'d/'.repeat(61)}f`, 'lies in more than 60 folders'],
    ['n'.repeat(256), 'has a name that is too long'],
  ])('%j', async (name, why) => {
    const p = await place()
    const tar = tarOf([pax({ path: name }), { name: 'x', content: 'x' }])
    await expect(p.unpack(tar, 'tar')).rejects.toMatchObject(refusal(why))
    await expect(p.unpack(zipOf([{ name, content: 'x', mode: FILE }]), 'zip')).rejects.toMatchObject(refusal(why))
  })

  it('one that is no UTF-8, one with a NUL, and one that is there twice', async () => {
    const p = await place()
    const twice = [
      { name: 'a', content: '1' },
      { name: './a', content: '2' },
    ]
    await expect(p.unpack(tarOf(twice), 'tar')).rejects.toMatchObject(refusal('"./a" is there twice'))
    await expect(p.unpack(zipOf(twice), 'zip')).rejects.toMatchObject(refusal('is there twice'))
    await expect(p.unpack(zipOf([{ name: Buffer.from([0x61, 0xff, 0xfe]), content: '' }]), 'zip')).rejects.toMatchObject(
      refusal('has a name that is no UTF-8'),
    )
    await expect(p.unpack(zipOf([{ name: 'a\0b', content: '' }]), 'zip')).rejects.toMatchObject(
      refusal('has a control character'),
    )
    await expect(
      p.unpack(
        tarOf([
          { name: 'a', content: '' },
          { name: 'a/b', content: '' },
        ]),
        'tar',
      ),
    ).rejects.toMatchObject(refusal('is there twice'))
    await expect(
      p.unpack(
        tarOf([
          { name: 'a/b', content: '' },
          { name: 'a', content: '' },
        ]),
        'tar',
      ),
    ).rejects.toMatchObject(refusal('is there twice'))
  })
})

describe('links and what is no file', () => {
  const links = (target: string, name = 'd/link') => [
    tarOf([{ name, type: '2', target }]),
    zipOf([{ name, content: target, mode: 0o120777 }]),
  ]
  it.each(['/etc/passwd', '../..', '../../x', '..//../x', 'a/../../../x', 'x/..', './../../x'])('to %j', async (target) => {
    const p = await place()
    const [tar = Buffer.alloc(0), zip = Buffer.alloc(0)] = links(target)
    await expect(p.unpack(tar, 'tar')).rejects.toMatchObject(refusal('leaves the folder'))
    await expect(p.unpack(zip, 'zip')).rejects.toMatchObject(refusal('leaves the folder'))
  })

  it('nothing is written through a link, and no link lies in one', async () => {
    const p = await place()
    const link: Part = { name: 'd', type: '2', target: 'e' }
    const through = [link, { name: 'd/f', content: 'x' }]
    await expect(p.unpack(tarOf(through), 'tar')).rejects.toMatchObject(refusal('"d" is there twice'))
    await expect(p.unpack(tarOf([...through].reverse()), 'tar')).rejects.toMatchObject(refusal('"d" is there twice'))
    const inLink: Part[] = [
      { name: 'e/f/', type: '5' },
      { name: 'd', type: '2', target: 'e/f' },
      { name: 'd/l', type: '2', target: '../..' },
    ]
    await expect(p.unpack(tarOf(inLink), 'tar')).rejects.toMatchObject(refusal('is there twice'))
  })

  it.each([
    ['1', 'is a hard link'],
    ['3', 'is a device'],
    ['4', 'is a device'],
    ['6', 'is a pipe'],
    ['S', 'is a sparse file'],
    ['M', 'is of a kind ("M")'],
  ])('tar: kind %s', async (type, why) => {
    const p = await place()
    await expect(p.unpack(tarOf([{ name: 'x', type, target: 'y' }]), 'tar')).rejects.toMatchObject(refusal(`"x" ${why}`))
  })

  it.each([0o010644, 0o020644, 0o060644, 0o140644])('zip: mode %o', async (mode) => {
    const p = await place()
    await expect(p.unpack(zipOf([{ name: 'x', mode }]), 'zip')).rejects.toMatchObject(refusal('"x" is no file, folder or link'))
  })
})

describe('limits', () => {
  const few = Array.from({ length: 20 }, (_, at) => ({ name: `f${at}`, content: 'x'.repeat(1000), mode: FILE }))

  it.each([
    [{ entries: 10 }, 'has more than 10 entries'],
    [{ file: 999 }, 'is larger than 1 kB'],
    [{ total: 10_000 }, 'makes it more than 10 kB in all'],
  ])('%j', async (limits, why) => {
    const p = await place()
    await expect(p.unpack(tarOf(few), 'tar', limits)).rejects.toMatchObject(refusal(why))
    await expect(p.unpack(zipOf(few), 'zip', limits)).rejects.toMatchObject(refusal(why))
  })

  it('folders that an archive only implies count', async () => {
    const p = await place()
    await expect(p.unpack(tarOf([{ name: 'a/b/c/d/e/f' }]), 'tar', { entries: 5 })).rejects.toMatchObject(
      refusal('has more than 5'),
    )
  })

  it('a bomb, in either form, ends where its size begins to tell', async () => {
    const p = await place()
    const zeros = Buffer.alloc(70 * 1024 * 1024)
    const zip = zipOf([{ name: 'zeros', content: zeros, mode: FILE }])
    expect(zip.length).toBeLessThan(100_000)
    await expect(p.unpack(zip, 'zip')).rejects.toMatchObject(refusal('is larger than 67 MB'))
    // It claims to be small.
    await expect(p.unpack(zipOf([{ name: 'zeros', content: zeros, size: 10, mode: FILE }]), 'zip')).rejects.toMatchObject(
      refusal('"zeros"'),
    )
    await expect(p.unpack(tgzOf([{ name: 'zeros', content: zeros }]), 'tgz')).rejects.toMatchObject(
      refusal('is larger than 67 MB'),
    )
    await expect(p.unpack(tarOf([{ name: 'huge', size: 2 ** 50 }]), 'tar')).rejects.toMatchObject(
      refusal('"huge" is larger than'),
    )
    await expect(p.unpack(tarOf([{ name: 'x', type: 'x', size: 2 ** 40 }]), 'tar')).rejects.toMatchObject(
      refusal('has a name or attributes of 1099511627776 bytes'),
    )
  })
})

describe('what is damaged', () => {
  it('a tar archive', async () => {
    const p = await place()
    const whole = tarOf([{ name: 'a', content: 'x'.repeat(2000) }])
    await expect(p.unpack(whole.subarray(0, 1500), 'tar')).rejects.toMatchObject(refusal('"a" is cut off in the middle'))
    await expect(p.unpack(whole.subarray(0, 512 + 2048), 'tar')).rejects.toMatchObject(refusal('the archive has no end'))
    const other = Buffer.from(whole)
    other[3] = 0x41
    await expect(p.unpack(other, 'tar')).rejects.toMatchObject(refusal('is no tar archive, or is damaged'))
    await expect(p.unpack(tarOf([{ name: 'x', type: 'x', content: '99 path=a\n' }]), 'tar')).rejects.toMatchObject(
      refusal('attributes that cannot be understood'),
    )
  })

  it('a zip archive', async () => {
    const p = await place()
    const parts: ZipPart[] = [{ name: 'a', content: 'x'.repeat(2000), mode: FILE }]
    const whole = zipOf(parts)
    await expect(p.unpack(whole.subarray(0, -5), 'zip')).rejects.toMatchObject(refusal('is no whole zip archive'))
    await expect(p.unpack(zipOf([{ ...parts[0], name: 'a', crc: 1 }]), 'zip')).rejects.toMatchObject(refusal('"a" is damaged'))
    await expect(p.unpack(zipOf([{ ...parts[0], name: 'a', flags: 1 }]), 'zip')).rejects.toMatchObject(
      refusal('"a" is encrypted'),
    )
    await expect(p.unpack(zipOf([{ ...parts[0], name: 'a', method: 14 }]), 'zip')).rejects.toMatchObject(
      refusal('"a" is compressed in a way (14) that is not known here'),
    )
    await expect(p.unpack(zipOf([{ ...parts[0], name: 'a', size: 3 }]), 'zip')).rejects.toMatchObject(refusal('"a"'))
  })
})
