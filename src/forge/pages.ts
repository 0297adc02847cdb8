/** Lists that come in pages: all of a list, or an error. */
import { z } from 'zod'
import { TrimtabError } from '../errors.ts'
import type { HttpAnswer } from '../web/httpClient.ts'
import { TOO_LARGE } from '../web/httpClient.ts'
import type { Api, Call } from './api.ts'

/** As many as are read of any list. */
const MOST = 3000
/** Entries of a page: pull requests bring their whole text along, of up to a mebibyte each. Where a page is too large, one at a time. */
const SIZES = [30, 1]

type Headers = HttpAnswer['headers']
/** Whether there is another page after this one, with `so far` entries in all of them. */
type More = (headers: Headers, page: number, soFar: number) => boolean

/**
 * All entries of a list of GitHub's or GitLab's: that there is a next page is said by a Link header (RFC 8288) with rel="next". Its
 * address is not used: behind a proxy it may name another host.
 */
export function linkedPages<T>(api: Api, call: Call, one: z.ZodType<T>): Promise<T[]> {
  return allPages(api, call, one, 'per_page', ({ link }) => /;\s*rel="?next"?/i.test(String(link ?? '')))
}

/** All entries of a list of Gitea's that says in X-Total-Count how many there are; not all of them have a Link header. */
export function countedPages<T>(api: Api, call: Call, one: z.ZodType<T>): Promise<T[]> {
  return allPages(api, call, one, 'limit', (headers, page, soFar) => {
    const total = headers['x-total-count']
    return page > 0 && (total === undefined || soFar < Number(total))
  })
}

/** All entries of a list of Gitea's whose X-Total-Count is the page's own, as the timeline's is. */
export function pagesUntilEmpty<T>(api: Api, call: Call, one: z.ZodType<T>): Promise<T[]> {
  return allPages(api, call, one, 'limit', (_, page) => page > 0)
}

async function allPages<T>(api: Api, call: Call, one: z.ZodType<T>, sizeName: 'per_page' | 'limit', more: More): Promise<T[]> {
  for (const [index, size] of SIZES.entries()) {
    try {
      return await pagesOf(api, call, one, { [sizeName]: size }, more)
    } catch (error) {
      const isLast = index === SIZES.length - 1
      if (isLast || !isTooLarge(error)) throw error
    }
  }
  return []
}

async function pagesOf<T>(api: Api, call: Call, one: z.ZodType<T>, size: Record<string, number>, more: More): Promise<T[]> {
  const all: T[] = []
  for (let page = 1; ; page++) {
    // Go writes an empty list as null.
    const answer = await api.read({ ...call, query: { ...call.query, ...size, page } }, z.array(one).nullable())
    const entries = answer.value ?? []
    all.push(...entries)
    if (!more(answer.headers, entries.length, all.length)) return all
    if (all.length >= MOST || page >= MOST) throw tooMany(api, call)
  }
}

/** All entries of a list of Bitbucket's, which names the address of the next page: it is asked only where it is of the same API. */
export async function namedPages<T>(api: Api, call: Call, one: z.ZodType<T>): Promise<T[]> {
  const schema = z.object({ values: z.array(one), next: z.string().nullish() })
  const all: T[] = []
  let next: Call = call
  for (let pages = 1; ; pages++) {
    const page = await api.get(next, schema)
    all.push(...page.values)
    if (!page.next) return all
    if (all.length >= MOST || pages >= MOST) throw tooMany(api, call)
    next = { path: api.below(page.next, call), what: call.what, needs: call.needs }
  }
}

/** Whether it was thrown for an answer beyond all bounds. */
export function isTooLarge(error: unknown): boolean {
  return ((error as Error).cause as NodeJS.ErrnoException | undefined)?.code === TOO_LARGE
}

function tooMany(api: Api, { what }: Call): TrimtabError {
  return new TrimtabError(
    'ForgeRefused',
    `${api.host} was asked to ${what}, and gives more than ${MOST} of them: too many to go on.`,
  )
}
