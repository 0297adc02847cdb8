import type { BuildsSpec } from '../../domain.ts'
import { caVariables, SOURCE_DATE_EPOCH } from '../environment.ts'
import { INSIDE } from './driver.ts'
import type { Stack } from './stack.ts'

const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

/**
 * Everything a build step finds in its environment in a container: the stack's own, and what the operator gives to every build;
 * nothing of trimtab's. None of it is in the image. As pairs of name and value, since that is how it goes in.
 */
export function containerEnvironment(builds: BuildsSpec, stack: Stack): string[] {
  const own = Object.fromEntries(stack.env.map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]))
  const all = {
    LANG: 'C.UTF-8',
    SOURCE_DATE_EPOCH,
    PATH,
    STACK: 'container',
    ...own,
    ...caVariables(builds.ca === undefined ? undefined : INSIDE.ca),
    ...builds.env,
    HOME: INSIDE.home,
    TMPDIR: INSIDE.tmp,
  }
  return Object.entries(all).map(([name, value]) => `${name}=${value}`)
}
