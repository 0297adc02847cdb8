/** A Python package index on loopback, with packages made on the spot: builds that install something and need no network. */
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'

/** Wheels of one module each (packaging.python.org/en/latest/specifications/binary-distribution-format): `name==version` a line. */
const MAKE = `
import sys, zipfile
for line in sys.argv[2:]:
    name, version = line.split("==")
    info = f"{name}-{version}.dist-info"
    with zipfile.ZipFile(f"{sys.argv[1]}/{name}-{version}-py3-none-any.whl", "w") as wheel:
        wheel.writestr(f"{name}.py", f"version = '{version}'\\ndef main():\\n    print('{name}', version)\\n")
        wheel.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\\nName: {name}\\nVersion: {version}\\n")
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\\nGenerator: test\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        wheel.writestr(f"{info}/entry_points.txt", f"[console_scripts]\\n{name} = {name}:main\\n")
        wheel.writestr(f"{info}/RECORD", "")
`

export interface Index {
  /** Of the wheel of this package, as a lock file has it. */
  sha256(name: string, version: string): string
  /** As builds.env has it; with one try more, since pip tells why only when it tries again. */
  env: { PIP_INDEX_URL: string; PIP_RETRIES: string }
  close(): Promise<void>
}

/** `packages`: `name==version`, where the name is a plain word. `others`: the index that is asked for all that it does not have. */
export async function packageIndex(packages: string[], others?: string): Promise<Index> {
  const dir = await mkdtemp(join(tmpdir(), 'trimtab-wheels-'))
  execFileSync('python3', ['-c', MAKE, dir, ...packages])
  const server = createServer((request, response) => answer(dir, request.url ?? '/', response, others))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const close = () => new Promise<void>((resolve) => server.close(() => resolve()).closeAllConnections())
  onTestFinished(async () => {
    await close()
    await rm(dir, { recursive: true })
  })
  const { port } = server.address() as AddressInfo
  const sha256 = (name: string, version: string) =>
    createHash('sha256')
      .update(readFileSync(join(dir, `${name}-${version}-py3-none-any.whl`)))
      .digest('hex')
  return { sha256, env: { PIP_INDEX_URL: `http://127.0.0.1:${port}/simple`, PIP_RETRIES: '1' }, close }
}

/** PEP 503, as far as pip needs it. */
function answer(dir: string, url: string, response: ServerResponse, others?: string): void {
  const [, place, name = ''] = url.split('/')
  const files = readdirSync(dir)
  if (place === 'files' && files.includes(name)) {
    response.end(readFileSync(join(dir, name)))
    return
  }
  const links = files.filter((file) => file.startsWith(`${name}-`)).map((file) => `<a href="/files/${file}">${file}</a>`)
  if (place === 'simple' && links.length === 0 && others !== undefined) {
    response.writeHead(302, { location: `${others.replace(/\/$/, '')}/${name}/` }).end()
    return
  }
  if (place !== 'simple' || links.length === 0) response.statusCode = 404
  response.setHeader('content-type', 'text/html').end(`<!doctype html><body>${links.join('\n')}`)
}
