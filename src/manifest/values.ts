/** The kinds of value that both files are made of, each with the sentence that says what is expected. */
import { z } from 'zod'
import { listed } from '../text.ts'
import { DNS_NAME } from './http.ts'
import { didYouMean } from './suggest.ts'

const KEYS_TOLD = 5
const KEYS_LISTED = 12

/** A mapping in which every key is known. `x-` keys never get here: tree.ts leaves them out. */
export function mapping<S extends z.core.$ZodLooseShape>(shape: S, sentence?: string) {
  const known = Object.keys(shape)
  const expected = sentence ?? `expected a mapping of ${listed(known, KEYS_TOLD)}`
  return z.strictObject(shape, {
    error: (issue) =>
      issue.code === 'unrecognized_keys'
        ? issue.keys
            .map((key) => `unknown key${didYouMean(key, known) || ` (there are ${listed(known, KEYS_LISTED)})`}`)
            .join('\n')
        : expected,
  })
}

/** A key of the design that no code honours yet. It is refused: ignored, it would look as if it worked. */
export function notYet(description: string) {
  return z.never({ error: LATER }).optional().describe(`Not available yet: ${description}`)
}

export const LATER = 'not available yet in this version'

export function text(expected: string, pattern?: RegExp, longest = 1000) {
  const plain = z.string({ error: expected }).max(longest, { error: `${expected} of at most ${longest} characters` })
  return pattern === undefined ? plain : plain.regex(pattern, { error: expected })
}

/** A shell command; several lines are one. */
export function command() {
  const expected = 'expected a command'
  return z
    .string({ error: expected })
    .max(8192, { error: `${expected} of at most 8192 characters` })
    .regex(/\S/, { error: expected })
    .refine((line) => !line.includes('\0'), { error: 'holds a NUL character, which no command can' })
}

/**
 * For superRefine() of a list: two items with the same key are a problem of the later one. It also runs where items
 * have problems of their own, so that all are told at once; `keyOf` may then meet what is no text, or nothing.
 */
export function distinct(
  keyOf: (item: Record<string, unknown>) => string | undefined,
  message: string,
): [(list: unknown[], context: z.RefinementCtx) => void, { when: () => boolean }] {
  const compare = (list: unknown[], context: z.RefinementCtx) => {
    const first = new Map<string, number>()
    for (const [index, item] of Array.isArray(list) ? list.entries() : []) {
      const key = typeof item === 'object' && item !== null ? keyOf({ ...item }) : undefined
      const same = key === undefined ? undefined : first.get(key)
      if (same !== undefined) context.addIssue({ code: 'custom', path: [index], message: `${message}[${same}]` })
      else if (key !== undefined) first.set(key, index)
    }
  }
  return [compare, { when: () => true }]
}

/** `explain` may have something better to say about a value that is no whole number. */
export function wholeNumber(from: number, to: number, explain: (input: unknown) => string | undefined = () => undefined) {
  const error = `expected a whole number from ${from} to ${to}`
  return z
    .int({ error: ({ input }) => explain(input) ?? error })
    .min(from, { error })
    .max(to, { error })
}

/** `explain` may have something better to say about a text that is none of them. */
export function oneOf<const T extends readonly [string, ...string[]]>(
  names: T,
  explain: (input: string) => string | undefined = () => undefined,
) {
  const expected = `expected ${names.length === 1 ? '' : 'one of '}${names.join(', ')}`
  return z.enum(names, {
    error: ({ input }) => (typeof input === 'string' ? (explain(input) ?? expected + didYouMean(input, names)) : expected),
  })
}

const UNITS: Record<string, number> = { '': 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30, t: 2 ** 40 }

/** A number of bytes: 512M, 2G, 512MiB. Powers of two, as Docker and Kubernetes' Mi mean them. 6M is the least the Docker Engine takes. */
export function size(from = '6M', such = '512M or 2G') {
  const error = `expected a size from ${from} to 1024T, such as ${such}`
  return z
    .string({ error })
    .regex(/^\d{1,15}(?:\.\d{1,3})?\s?(?:[kmgtKMGT][iI]?)?[bB]?$/, { error, abort: true })
    .transform(bytesOf)
    .refine((bytes) => bytes >= bytesOf(from) && bytes <= 2 ** 50, { error })
}

function bytesOf(written: string): number {
  const [, number = '0', unit = ''] = /^([\d.]+)\s?([kmgt]?)/i.exec(written) ?? []
  return Math.floor(Number(number) * (UNITS[unit.toLowerCase()] ?? 1))
}

/** A number of cores: 0.5, 2. */
export function cores() {
  const error = 'expected a number of cores from 0.01 to 1024, such as 0.5'
  return z.number({ error }).min(0.01, { error }).max(1024, { error })
}

/** A reference of the distribution project's grammar: [host[:port]/]path[:tag][@digest]. */
const IMAGE =
  /^(?:[a-zA-Z0-9](?:[a-zA-Z0-9.-]*[a-zA-Z0-9])?(?::\d{1,5})?\/)?[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*(?::[\w][\w.-]{0,127})?(?:@sha256:[0-9a-f]{64})?$/

export function imageName() {
  return text('expected an image such as registry.example.com/shop:1.2 or shop@sha256:…', IMAGE, 500)
}

// ── Names ──────────────────────────────────────────────────────────────────────────────────────────────────

const APP_NAME = /^[a-z](?:[a-z0-9-]{0,38}[a-z0-9])?$/

/** The name becomes part of host names, labels and folders. */
export function appName() {
  return text('expected a name of lower-case letters, digits and -, beginning with a letter, at most 40 long', APP_NAME, 40)
}

/** It becomes part of instance names and of folders, so nothing like `../x`. */
export const PROCESS_TYPE = /^[A-Za-z0-9][A-Za-z0-9_-]{0,30}$/
export const PROCESS_TYPE_EXPECTED = 'expected a process type of letters, digits, - and _, at most 31 long'

const HOST = new RegExp(`^${DNS_NAME}$`)
export const HOST_EXPECTED = 'expected a host name such as shop.example.com'

/** A lower-case DNS name. */
export function hostName() {
  return z
    .string({ error: HOST_EXPECTED })
    .max(253, { error: `${HOST_EXPECTED}, at most 253 characters long` })
    .regex(HOST, { error: ({ input }) => explainHost(String(input)) })
}

/** What is wrong with this host name. */
export function explainHost(host: string): string {
  if (host.includes('*')) return `${HOST_EXPECTED}, without *`
  if (HOST.test(host.toLowerCase())) return `${HOST_EXPECTED} in lower case`
  if (HOST.test(host.replace(/^https?:\/\/|:\d+$|\/.*$/g, ''))) return `${HOST_EXPECTED} alone, without scheme, port or path`
  if (/[^\0-\x7f]/.test(host)) return `${HOST_EXPECTED} in ASCII: write it as punycode (xn--…)`
  return HOST_EXPECTED
}
