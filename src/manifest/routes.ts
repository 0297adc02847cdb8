/** `routes:` of app.yaml. Every host of a list comes out as a route of its own. */
import { z } from 'zod'
import type { RouteSettings } from '../domain.ts'
import { parseRedirect, ROUTE_HOST } from './http.ts'
import { optionKeys, optionsOf } from './options.ts'
import { explainHost, HOST_EXPECTED, mapping, PROCESS_TYPE, PROCESS_TYPE_EXPECTED, text } from './values.ts'

const HOSTS_MOST = 100
const ROUTES_MOST = 500

const oneHost = z
  .string({ error: HOST_EXPECTED })
  .max(253, { error: `${HOST_EXPECTED}, at most 253 characters long` })
  .regex(ROUTE_HOST, {
    error: ({ input }) =>
      String(input).includes('*')
        ? 'expected a host name; * stands for one whole label in front, as in *.example.com'
        : explainHost(String(input)),
  })

const host = z
  .union(
    [
      oneHost.transform((one) => [one]),
      z
        .array(oneHost)
        .min(1, { error: 'expected at least one host' })
        .max(HOSTS_MOST, { error: `expected at most ${HOSTS_MOST} hosts` })
        .refine((hosts) => new Set(hosts).size === hosts.length, { error: 'names a host twice' }),
    ],
    { error: ({ input }) => oneHost.safeParse(input).error?.issues[0]?.message ?? HOST_EXPECTED },
  )
  .describe('The host name that is served, or a list of them. *.example.com is any one label in front of example.com.')

const ROUTE_PATH = /^(?!.*\/\.\.?(?:\/|$))(?:\/|(?:\/[A-Za-z0-9._~!$&'()*+,;=:@-]+)+\/?)$/

/** What has no meaning where nothing is led to. */
const BESIDE_REDIRECT = ['process', 'basicAuth', 'allow', 'headers', 'rateLimit', 'maxBody', 'timeout', 'sticky'] as const

const route = mapping(
  {
    host,
    path: text('expected a path such as /shop', ROUTE_PATH, 255)
      .default('/')
      .transform((path) => (path === '/' ? path : path.replace(/\/$/, '')))
      .describe('Only requests below this path.'),
    stripPrefix: z
      .boolean({ error: 'expected true or false' })
      .default(false)
      .describe('Take the path off before the app sees the request.'),
    process: text(PROCESS_TYPE_EXPECTED, new RegExp(`^(?!release$)${PROCESS_TYPE.source.slice(1)}`))
      .exactOptional()
      .describe('The process type that gets the traffic. Default: web.'),
    ...optionKeys,
  },
  'expected a mapping such as {host: shop.example.com}',
).superRefine((route, { addIssue }) => {
  if (route.redirect === undefined) return
  for (const key of BESIDE_REDIRECT) {
    const message = 'has no meaning beside redirect, which leads to no process; leave it out'
    if (route[key] !== undefined) addIssue({ code: 'custom', path: [key], message })
  }
  if (leadsToItself(route, route.redirect)) {
    addIssue({ code: 'custom', path: ['redirect'], message: 'leads to this very route, again and again' })
  }
})

type Written = z.output<typeof route>

/** Whether what is answered is an address that this route would answer once more. */
function leadsToItself({ host, path, stripPrefix }: Written, redirect: string): boolean {
  const target = parseRedirect(redirect)
  const wild = `*.${target?.host.split('.').slice(1).join('.')}`
  if (!target || !(host.includes(target.host) || host.includes(wild))) return false
  const then = stripPrefix || path === '/' ? target.path : target.path + path
  return `${then}/`.startsWith(path === '/' ? '/' : `${path}/`)
}

function settingsOf(written: Written): RouteSettings[] {
  const { host: hosts, path, stripPrefix, process = 'web', redirect } = written
  const options = optionsOf(written)
  const to = { path, stripPrefix, process: redirect === undefined ? process : '', ...(options && { options }) }
  return hosts.map((host) => ({ host, ...to }))
}

/** It runs also where items have problems of their own, so that all are told at once: it may meet what is no route at all. */
function noneTwice(list: unknown, { addIssue }: z.RefinementCtx): void {
  const first = new Map<string, number>()
  for (const [index, item] of Array.isArray(list) ? list.entries() : []) {
    const { host = [], path = '/' } = typeof item === 'object' && item !== null ? item : {}
    const keys = [host].flat().map((one) => `${one}${path}`)
    const same = keys.map((key) => first.get(key)).find((earlier) => earlier !== undefined)
    if (same !== undefined) {
      addIssue({ code: 'custom', path: [index], message: `is the same host and path as routes[${same}]` })
    }
    for (const key of keys) if (!first.has(key)) first.set(key, index)
  }
}

export const routes = z
  .array(route, { error: 'expected a list of routes such as [{host: shop.example.com}]' })
  .superRefine(noneTwice, { when: () => true })
  .transform((list) => list.flatMap(settingsOf))
  .refine((list) => list.length <= ROUTES_MOST, { error: `expected at most ${ROUTES_MOST} routes, each host of a list counted` })
