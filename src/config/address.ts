/** What may stand as an app's `repo`. Addresses go to git, which has transports that run programs: only known forms pass. */
import { resolve } from 'node:path'
import type { Transport } from '../domain.ts'

const FORMS = 'expected a path, file:///path, https://host/path, ssh://user@host/path or user@host:path'
const HIDE = `holds a password or token; take it out of the address and write auth: {token: "\${NAME}"} beside it`
/** As git reads it: something with a ':' before any '/'. */
const SCP = /^(?:[A-Za-z0-9_][A-Za-z0-9._-]*@)?(?:\[[0-9A-Fa-f:]+\]|[A-Za-z0-9][A-Za-z0-9.-]*):(?![:-])[^\s]+$/
const USER = /^[A-Za-z0-9_][A-Za-z0-9._-]*$/

/** How git would reach the address: of one that addressProblem() accepts. */
export function transportOf(address: string): Transport {
  const scheme = /^([a-z]+):\/\//.exec(address)?.[1]
  if (scheme === 'https' || scheme === 'http' || scheme === 'ssh') return scheme
  return scheme === undefined && isRemote(address) ? 'ssh' : 'file'
}

/** Why the address cannot be used, or null. Never holds a password. */
export function addressProblem(address: string): string | null {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
  if (address === '' || /[\u0000-\u001f\u007f]/.test(address)) return FORMS
  // git would take it for an option, or `a::b` for a program of that name.
  if (address.startsWith('-') || /^[^/]*::/.test(address.replace(/\[[^\]]*\]/, ''))) return FORMS
  if (/^[^/]*:\/\//.test(address)) return urlProblem(address)
  if (address.startsWith('~')) return `expected a path without ~; write \${HOME}/…`
  if (/^[^/@\s]*:[^/@]*@/.test(address)) return HIDE
  if (isRemote(address)) return SCP.test(address) ? null : FORMS
  return null
}

/** The address as PlatformSpec has it: local paths made absolute, from the folder of the file that names them. */
export function resolveAddress(address: string, folder: string): string {
  return isRemote(address) ? address : resolve(folder, address)
}

function isRemote(address: string): boolean {
  return /^[^/]*:/.test(address)
}

function urlProblem(address: string): string | null {
  if (!/^(?:https?|ssh|file):\/\//.test(address) || /\s/.test(address) || !URL.canParse(address)) {
    return /^[^/]*:\/\/[^/]*:[^/]*@/.test(address) ? HIDE : FORMS
  }
  const url = new URL(address)
  if (url.protocol === 'file:') return url.host === '' && url.pathname.length > 1 ? null : 'expected file:///path, without a host'
  if (url.password !== '' || (url.protocol !== 'ssh:' && url.username !== '')) return HIDE
  if (url.username !== '' && !USER.test(url.username)) return FORMS
  if (url.hostname === '' || url.hostname.startsWith('-') || url.pathname.length < 2) return FORMS
  if (url.search !== '' || url.hash !== '') return 'expected an address without ? and #; the branch goes to branch:'
  return null
}
