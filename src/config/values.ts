/** The kinds of value that only the operator's file has. */
import { isIP } from 'node:net'
import { z } from 'zod'
import type { Listen } from '../domain.ts'
import { text } from '../manifest/values.ts'

const LISTEN = /^(?:([A-Za-z0-9](?:[A-Za-z0-9.-]{0,252})?)|\[(?=[^\]]*:)([0-9A-Fa-f:.]{2,45})\])?:(\d{1,5})$/

/** `host:port`, `[::1]:port`, or `:port` for every IPv4 address of the machine. */
export function listen(lowestPort: 0 | 1) {
  const error = 'expected host:port such as 127.0.0.1:8080, or :8080'
  return z
    .string({ error })
    .regex(LISTEN, { error, abort: true })
    .transform((written): Listen => {
      const [, name, ipv6, port] = LISTEN.exec(written) ?? []
      return { host: ipv6 ?? name ?? '0.0.0.0', port: Number(port) }
    })
    .refine(({ host, port }) => port >= lowestPort && port <= 65_535 && (!host.includes(':') || isIP(host) === 6), { error })
}

const RANGE = /^(\d{1,5})-(\d{1,5})$/

export function portRange() {
  const error = 'expected a range of ports such as 20000-29999'
  return z
    .string({ error })
    .regex(RANGE, { error, abort: true })
    .transform((written) => {
      const [, from, to] = RANGE.exec(written) ?? []
      return { from: Number(from), to: Number(to) }
    })
    .refine(({ from, to }) => from >= 1 && from <= to && to <= 65_535, { error })
}

/** An IPv4 network in which a few hundred instances have room, or at least a few: /8 to /28. */
export function subnet() {
  const error = 'expected a network such as 10.86.0.0/16, from /8 to /28'
  return text(error, /^[\d.]{7,15}\/\d{1,2}$/).refine(
    (written) => {
      const [address = '', bits = ''] = written.split('/')
      if (isIP(address) !== 4 || Number(bits) < 8 || Number(bits) > 28) return false
      const number = address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0)
      // 0.0.0.0/8, 127.0.0.0/8 and everything from 224.0.0.0 on are no addresses that a machine can be given.
      const first = Math.floor(number / 2 ** 24)
      return number % 2 ** (32 - Number(bits)) === 0 && first > 0 && first !== 127 && first < 224
    },
    { error },
  )
}

/** A network of Docker's on which an instance can be given an address of its own: on the engine's ready-made ones it cannot. */
export function network() {
  const error = 'expected the name of a Docker network of your own'
  return text(error, /^(?!(?:bridge|host|none|default|ingress)$)[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$/)
}

/** The part of an image's name before the first '/', as it stands in image names. */
export function registry() {
  const error = 'expected the host of a registry, such as registry.example.com:5000'
  return text(error, /^[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?(?::\d{1,5})?$/).refine(
    (written) => Number(/:(\d+)$/.exec(written)?.[1] ?? 1) <= 65_535,
    { error },
  )
}

const NAME_PART = '[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*'
const REGISTRY = new RegExp(`^(https?://)?([a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?(?::\\d{1,5})?)((?:/${NAME_PART})*)/?$`)
const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3})(?::|$)/

export interface RegistryAddress {
  /** `host[:port][/prefix]` */
  address: string
  /** http, to another machine. */
  isOpen: boolean
}

/** A registry of images, and what all names in it begin with. A host without a dot and a port would be taken for a name on Docker Hub. */
export function registryAddress() {
  const error = 'expected the address of a registry, such as registry.example.com:5000 or registry.example.com/acme'
  return z
    .string({ error })
    .max(400, { error, abort: true })
    .transform((written, context): RegistryAddress => {
      const [, scheme, host = '', prefix = ''] = REGISTRY.exec(written) ?? []
      if (Number(/:(\d+)$/.exec(host)?.[1] ?? 1) <= 65_535 && /[.:]|^localhost$/.test(host)) {
        return { address: host + prefix, isOpen: scheme === 'http://' && !LOOPBACK.test(host) }
      }
      context.issues.push({ code: 'custom', input: undefined, message: error })
      return z.NEVER
    })
}

export function webAddress(error: string) {
  return text(error, /^https?:\/\/[^\s/?#@]+(?:\/[^\s?#]*)?$/).refine((written) => URL.canParse(written), { error })
}

export function file(what: string) {
  return text(`expected the path of ${what}`, /^[^\0]+$/)
}

export function flag() {
  return z.boolean({ error: 'expected true or false' })
}

/** Goes into HTTP headers: a line break in it would end them. Messages never show it. */
export function secretText() {
  return z
    .string({ error: ({ input }) => (input === undefined ? 'is missing' : 'is no text; put it in quotes') })
    .min(1, { error: 'is empty' })
    .max(10_000, { error: 'is too long' })
    .refine((value) => !hasControl(value), { error: 'holds a line break or another control character' })
}

/** git-check-ref-format(1), and no '-' at the start. */
const BRANCH = /^(?![-/.@])(?!.*(?:\.\.|\/\/|\/\.|@\{|\.lock(?:\/|$)))[^\s~^:?*[\\]{0,199}[^\s~^:?*[\\/.]$/

export function branchName() {
  const expected = 'expected the name of a branch'
  return text(expected, BRANCH, 200).refine((name) => !hasControl(name), { error: expected })
}

/** A folder inside the repository, out as `a/b`, the root as ''. */
export function folder() {
  const error = 'expected a folder inside the repository, such as services/shop'
  return z
    .string({ error })
    .max(1000, { error })
    .refine((path) => !path.startsWith('/') && !path.includes('\\') && !hasControl(path) && !path.split('/').includes('..'), {
      error,
    })
    .transform((path) =>
      path
        .split('/')
        .filter((part) => part !== '' && part !== '.')
        .join('/'),
    )
}

function hasControl(value: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
  return /[\u0000-\u001f\u007f]/.test(value)
}
