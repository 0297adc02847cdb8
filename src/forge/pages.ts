/** Lists that come in pages: all of a list, or an error. */
import { z } from 'zod'
import { TrimtabError } from '../errors.ts'
import { TOO_LARGE } from '../web/httpClient.ts'
import type { Api, Call } from './api.ts'

/** As many as are read of any list. */
const MOST = 3000
/** Entries of a page: pull requests bring their whole text along, of up to a mebibyte each. Where a page is too large, one at a time. */
const SIZES = [30, 1]

/** The name of the query's parameter for the size of a page: `per_page`, `limit`. */
export type SizeName = 'per_page' | 'limit'

/**
 * All entries of a list whose pages have numbers. That there is a next one is said by a Link header (RFC 8288) with rel="next"; its
 * address is not used: behind a proxy it may name another host.
 */
export async function allPages<T>(api: Api, call: Call, one: z.ZodType<T>, sizeName: SizeName): Promise<T[]> {
  for (const [index, size] of SIZES.entries()) {
    try {
      return await pagesOf(api, call, one, { [sizeName]: size })
    } catch (error) {
      const isLast = index === SIZES.length - 1
      if (isLast || ((error as Error).cause as NodeJS.ErrnoException | undefined)?.code !== TOO_LARGE) throw error
    }
  }
  return []
}

async function pagesOf<T>(api: Api, call: Call, one: z.ZodType<T>, size: Record<string, number>): Promise<T[]> {
  const all: T[] = []
  for (let page = 1; ; page++) {
    const { value, headers } = await api.read({ ...call, query: { ...call.query, ...size, page } }, z.array(one))
    all.push(...value)
    if (!/;\s*rel="?next"?/i.test(String(headers.link ?? ''))) return all
    if (all.length >= MOST || page >= MOST) throw tooMany(api, call)
  }
}

export function tooMany(api: Api, { what }: Call): TrimtabError {
  return new TrimtabError(
    'ForgeRefused',
    `${api.host} was asked to ${what}, and gives more than ${MOST} of them: too many to go on.`,
  )
}
