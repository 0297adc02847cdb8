/** What a route of app.yaml may do besides leading to a process: the schema of each option, and all of them as RouteOptions. */
import { z } from 'zod'
import type { RouteSettings } from '../domain.ts'
import { duration, parseDuration } from './duration.ts'
import { headerNameProblem, isHeaderValue, networkProblem, parseRedirect } from './http.ts'
import { mapping, size, text, wholeNumber } from './values.ts'

const REDIRECT_EXPECTED = 'expected an address such as https://new.example.com or https://example.com/shop'

const redirect = z
  .string({ error: REDIRECT_EXPECTED })
  .refine((address) => parseRedirect(address) !== null, {
    error: `${REDIRECT_EXPECTED}, in lower case and without password, query or #fragment`,
  })
  .transform((address) => parseRedirect(address)?.address ?? '')
  .describe('For good to this address, with the path and query that were asked for. Leads to no process.')

const basicAuth = mapping(
  {
    secret: text(
      'expected the name of a secret: lower-case letters, digits and -',
      /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/,
      63,
    ).describe("One of the platform's secrets, which holds htpasswd lines."),
  },
  'expected {secret: name}; names and passwords do not belong in git',
).describe('Only for those with a name and password.')

const allow = z
  .array(
    z
      .string({ error: 'expected an address or a network, such as 10.0.0.0/8' })
      .refine((network) => networkProblem(network) === null, { error: ({ input }) => networkProblem(String(input)) ?? '' }),
    { error: 'expected a list of addresses and networks, such as [10.0.0.0/8, 192.0.2.7]' },
  )
  .min(1, { error: 'expected at least one address or network; nobody could ask otherwise' })
  .max(1000, { error: 'expected at most 1000 addresses and networks' })
  .describe('Only for these client addresses and networks; all others get 403.')

const HEADERS_MOST = 50

const headers = (description: string) =>
  z
    .record(
      z.string().superRefine((name, context) => {
        const message = headerNameProblem(name)
        if (message !== null) context.addIssue({ code: 'custom', message })
      }),
      z
        .string({ error: 'expected text; put it in quotes' })
        .refine(isHeaderValue, { error: 'expected printable ASCII on one line, without {{, at most 4000 characters' }),
      { error: 'expected a mapping of header names to values' },
    )
    .superRefine((map, context) => {
      const names = Object.keys(map)
      if (names.length > HEADERS_MOST) context.addIssue({ code: 'custom', message: `expected at most ${HEADERS_MOST} headers` })
      const seen = new Set<string>()
      for (const name of names) {
        if (seen.has(name.toLowerCase())) context.addIssue({ code: 'custom', path: [name], message: 'is there already' })
        seen.add(name.toLowerCase())
      }
    })
    .transform((map) => Object.fromEntries(Object.entries(map).sort(([a], [b]) => (a < b ? -1 : 1))))
    .describe(description)

const RATE = /^([1-9]\d{0,6})\/([smh])$/
const RATE_EXPECTED = 'expected a rate such as 100/s or 30/m, or a mapping such as {average: 100, period: 1s, burst: 50}'

const rateLimit = z
  .union(
    [
      z
        .string()
        .regex(RATE)
        .transform((written) => {
          const [, average, unit] = RATE.exec(written) ?? []
          return { average: Number(average), period: parseDuration(`1${unit}`) ?? 1000, burst: undefined }
        }),
      mapping({
        average: wholeNumber(1, 9_999_999).describe('So many requests in a period.'),
        period: duration('1s', '24h').default(1000).describe('Default: 1s.'),
        burst: wholeNumber(1, 9_999_999).exactOptional().describe('So many at once. Default: what may come in one second.'),
      }),
    ],
    { error: RATE_EXPECTED },
  )
  // As much as a second brings: with more, waiting for Traefik to forget a client would get around a slow rate.
  .transform(({ average, period, burst }) => ({
    average,
    periodMs: period,
    burst: burst ?? Math.max(1, Math.ceil((average * 1000) / period)),
  }))
  .describe('How often one client address may ask; what is more gets 429.')

/** The keys of a route that are options. */
export const optionKeys = {
  redirect: redirect.exactOptional(),
  basicAuth: basicAuth.exactOptional(),
  allow: allow.exactOptional(),
  headers: mapping({
    request: headers("Set on what the app is asked; '' takes one away.").exactOptional(),
    response: headers("Set on what the app answers; '' takes one away.").exactOptional(),
  })
    .exactOptional()
    .describe('Headers of requests and answers.'),
  rateLimit: rateLimit.exactOptional(),
  maxBody: size('1K', '10M or 512K').exactOptional().describe('The largest request body; larger ones get 413.'),
  timeout: duration('100ms', '24h')
    .exactOptional()
    .describe('How long the app may take until it begins to answer; after that the client gets 504.'),
  sticky: z
    .boolean({ error: 'expected true or false' })
    .exactOptional()
    .describe('A visitor stays with one instance, by a cookie.'),
}

type Written = { [Key in keyof typeof optionKeys]?: z.output<(typeof optionKeys)[Key]> }

/** What was written, without what says nothing; undefined where nothing is left. */
export function optionsOf(written: Written): RouteSettings['options'] {
  const { redirect, basicAuth, allow, headers, rateLimit, maxBody, timeout, sticky } = written
  const { request = {}, response = {} } = headers ?? {}
  const set = {
    ...(Object.keys(request).length > 0 && { request }),
    ...(Object.keys(response).length > 0 && { response }),
  }
  const options: NonNullable<RouteSettings['options']> = {
    ...(redirect !== undefined && { redirect }),
    ...(basicAuth !== undefined && { basicAuthSecret: basicAuth.secret }),
    ...(allow !== undefined && { allow }),
    ...(Object.keys(set).length > 0 && { headers: set }),
    ...(rateLimit !== undefined && { rateLimit }),
    ...(maxBody !== undefined && { maxBodyBytes: maxBody }),
    ...(timeout !== undefined && { timeoutMs: timeout }),
    ...(sticky === true && { sticky }),
  }
  return Object.keys(options).length > 0 ? options : undefined
}
