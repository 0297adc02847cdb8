/** Route files as trimtab wrote them before the table stood in a comment: still read, so that nothing is lost on the day of the update. */
import type { RouteTable } from '../domain.ts'
import { damaged } from './allowed.ts'
import { parseModel, serversOf } from './model.ts'

/** What such a file says. Throws ConfigInvalid for what trimtab never wrote. */
export function parseFormer(app: string, text: string): RouteTable {
  const model = modelOf(app, text)
  const names = new Set(model.routers.map((router) => router.name))
  const strays = [...model.services.keys(), ...model.middlewares.keys()].filter((name) => !names.has(name))
  if (strays[0] !== undefined) throw damaged(app, `"${strays[0]}" belongs to no route`)
  const routes = model.routers.map((router, index) => {
    const process = router.name.slice(app.length + 1, -(String(index).length + 1))
    const { match } = router
    const host = match.kind === 'and' ? match.left : match
    const below = match.kind === 'and' ? match.right : null
    const path = below?.kind === 'or' && below.left.kind === 'path' ? below.left.path : '/'
    if (host.kind !== 'host' || (below && path === '/')) throw damaged(app, `the rule ${router.rule} is not one of ours`)
    const stripped = router.middlewares.flatMap((name) => model.middlewares.get(name) ?? [])
    const servers = serversOf(model, router.service).map(({ host, port }) => ({ host, port }))
    const asWritten = router.name === `${app}.${process}.${index}` && router.service === router.name
    if (!asWritten || router.rule !== ruleOf(host.host, path) || (stripped.length > 0 && stripped.join() !== path)) {
      throw damaged(app, `router "${router.name}" is not as trimtab writes it`)
    }
    return { host: host.host, path, stripPrefix: stripped.length > 0, process, servers }
  })
  return { app, routes }
}

function modelOf(app: string, text: string): ReturnType<typeof parseModel> {
  try {
    return parseModel(text)
  } catch (error) {
    throw damaged(app, error instanceof Error ? error.message : String(error))
  }
}

function ruleOf(host: string, path: string): string {
  return path === '/' ? `Host(\`${host}\`)` : `Host(\`${host}\`) && (Path(\`${path}\`) || PathPrefix(\`${path}/\`))`
}
