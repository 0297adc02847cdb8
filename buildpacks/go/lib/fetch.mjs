// fetch.mjs WANTED WANTED_IN DIR: a Go toolchain from the Go proxy into DIR/go<version>. Prints its version.
// It is a module like any other, golang.org/toolchain (go.dev/doc/toolchain#download), and verified like any other.
import { mkdtempSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { ask, Missing, Unreachable } from './proxy.mjs'
import { recordedHash, SumError } from './sumdb.mjs'
import { unpack } from './unzip.mjs'

const MODULE = 'golang.org/toolchain'
const [wanted, wantedIn, dir] = process.argv.slice(2)
const PLATFORM = `${process.platform}-${{ x64: 'amd64', ia32: '386', ppc64: 'ppc64le' }[process.arch] ?? process.arch}`

class Refused extends Error {}

/** Every release that the proxy lists, oldest first. A release is made for all platforms at once; proxies list those that somebody has asked for. */
function releases() {
  const listed = ask(`${MODULE}/@v/list`)
    .toString('utf8')
    .matchAll(/^v0\.0\.1-go(1(?:\.\d+){1,2})\./gm)
  return [...new Set([...listed].map(([, version]) => version))].sort(
    (a, b) => number(a, 1) - number(b, 1) || number(a, 2) - number(b, 2),
  )
}
const number = (version, at) => Number(version.split('.')[at] ?? 0)
const minorOf = (version) => /^1\.\d+/.exec(version)[0]

function notToBeHad(all) {
  const minor = minorOf(wanted)
  const same = all.filter((version) => minorOf(version) === minor)
  const newest = [...new Map(all.map((version) => [minorOf(version), version])).values()].slice(-6)
  const offer = same.length > 0 ? `of ${minor} it has ${same.join(', ')}` : `it has ${newest.join(', ') || 'none'}`
  return new Refused(`${wantedIn} asks for Go ${wanted}, which the Go proxy does not have for ${PLATFORM}; ${offer}.`)
}

/** `1.22` means its newest patch release; the first of a minor was called `1.20` before there was 1.21.0. */
function choose() {
  if (!/^1\.\d+$/.test(wanted)) return wanted
  const all = releases()
  const newest = all.filter((version) => minorOf(version) === wanted).at(-1)
  if (newest === undefined) throw notToBeHad(all)
  return newest
}

const scratch = mkdtempSync(join(dir, 'fetching-'))
try {
  const version = choose()
  const id = `v0.0.1-go${version}.${PLATFORM}`
  const zip = join(scratch, 'zip')
  try {
    ask(`${MODULE}/@v/${id}.zip`, zip)
  } catch (error) {
    throw error instanceof Missing ? notToBeHad(releases()) : error
  }
  const hash = unpack(zip, `${MODULE}@${id}/`, join(scratch, 'go'))
  const recorded = recordedHash(MODULE, id)
  if (recorded !== null && recorded !== hash)
    throw new Refused(`Go ${version} as it was downloaded (${hash}) is not what the checksum database has (${recorded}).`)
  renameSync(join(scratch, 'go'), join(dir, `go${version}`))
  process.stdout.write(`${version}\n`)
} catch (error) {
  if (!(error instanceof Refused || error instanceof Unreachable || error instanceof Missing || error instanceof SumError))
    throw error
  for (const line of error.message.split('\n')) process.stderr.write(` !     ${line}\n`)
  process.exitCode = 1
} finally {
  rmSync(scratch, { recursive: true, force: true })
}
