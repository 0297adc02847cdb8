/** A Traefik that somebody else runs: trimtab writes into its folder, and asks its API. */
import { statSync } from 'node:fs'
import { TrimtabError } from '../../errors.ts'
import { askApi } from './api.ts'
import type { Form } from './form.ts'

export function asExternal({ routes, api }: { routes: string; api: string }): Form {
  const base = `${api}/api`
  return {
    routes,
    log: null,
    async ensure() {
      if (!statSync(routes, { throwIfNoEntry: false })?.isDirectory()) {
        const why = `There is no folder ${routes}. It must be the one that Traefik's file provider watches (router.routes in platform.yaml).`
        throw new TrimtabError('RouterUnavailable', why, { retry: true })
      }
      await askApi(base, 'version').catch((cause: Error) => {
        const what = 'It is run by somebody else: start it with its API on, or correct router.api in platform.yaml.'
        throw new TrimtabError('RouterUnavailable', `${cause.message} ${what}`, { retry: true, cause })
      })
      return false
    },
    async stop() {},
    api: () => base,
    // Where it runs, and whose connections are whose, is not known.
    connections: async () => null,
    problem: () => null,
  }
}
