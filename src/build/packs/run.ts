import { join } from 'node:path'
import type { ReadyPack } from '../detect.ts'
import type { Job } from '../job.ts'
import type { Step } from '../step.ts'
import { foldersOf, profileStep, stagingVariables } from './cloudfoundry.ts'
import { type Scene, staged } from './stage.ts'

interface Named {
  /** For messages: `bin/compile`. */
  program: string
  step: Pick<Step, 'program' | 'args'>
}

/** What a pack's programs find, after these packs. */
export function sceneOf({ plan, place }: Job, before: ReadyPack[]): Scene {
  const supplied = before.some((pack) => pack.way !== 'compile')
  return {
    // A pack that writes to its log without having looked for one writes into nothing.
    variables: { SOURCE_VERSION: plan.commit, BUILDPACK_LOG_FILE: '/dev/null' },
    exports: before.map((pack) => join(pack.dir, 'export')),
    ...(supplied && { deps: { dir: foldersOf(place, '', false).deps, count: before.length } }),
  }
}

/** The programs of one pack that make something of the app, in order. Its place among all packs is its index in DEPS_DIR. */
export function stepsOf(job: Job, pack: ReadyPack, before: ReadyPack[], last: boolean): Named[] {
  const steps = pack.way === 'compile' ? [compile(job, pack, before)] : supply(job, pack, before, last)
  const counts = last && [...before, pack].some(({ way }) => way !== 'compile')
  return counts ? [...steps, { program: 'its profile', step: profileStep(job.place.app) }] : steps
}

function compile(job: Job, pack: ReadyPack, before: ReadyPack[]): Named {
  const { app, cache, env } = job.place
  const path = join(pack.dir, 'bin/compile')
  const args = [app, cache, env]
  // The quick way for what nearly every build is.
  if (pack.builtin && before.length === 0) return { program: 'bin/compile', step: { program: path, args } }
  const scene = sceneOf(job, before)
  // What one of ours makes must not depend on the commit: it stands for every commit with the same inputs.
  return { program: 'bin/compile', step: staged(path, args, pack.builtin ? { ...scene, variables: {} } : scene) }
}

function supply(job: Job, pack: ReadyPack, before: ReadyPack[], last: boolean): Named[] {
  const { app, env } = job.place
  const { deps, profile, cache } = foldersOf(job.place, pack.name, last)
  const index = String(before.length)
  const scene = sceneOf(job, before)
  const own: Scene = {
    ...scene,
    variables: { ...scene.variables, ...stagingVariables(job.plan.app.name) },
    env,
    folders: [cache, join(deps, index), profile],
  }
  const run = (name: string, args: string[]): Named => ({
    program: `bin/${name}`,
    step: staged(join(pack.dir, 'bin', name), args, own),
  })
  const args = [app, cache, deps, index]
  return [
    ...(pack.supplies ? [run('supply', args)] : []),
    ...(pack.way === 'finalize' ? [run('finalize', [...args, profile])] : []),
  ]
}
