/**
 * While a platform moves from one runtime to another (local processes to containers, or back), both are looked at: what the former
 * one still runs serves until its successors do, and then goes the way of every old instance. New ones start on the current one.
 */
import type { Instance } from '../domain.ts'
import type { LogLine, Runtime } from '../ports.ts'

/** Both as one. Once `former` runs nothing any more it is of no further use, and harmless. */
export function movingRuntime(current: Runtime, former: Runtime): Runtime {
  const both = [current, former]
  /** By name: no name is ever started twice, for it holds the release's number. */
  const owners = new Map<string, Runtime>()

  const listed = async (runtime: Runtime, app: string): Promise<Instance[]> => {
    const instances = await runtime.list(app)
    for (const { name } of instances) owners.set(name, runtime)
    return instances
  }
  const ownerOf = async (name: string): Promise<Runtime> => {
    const known = owners.get(name)
    if (known) return known
    await Promise.all(both.map((runtime) => listed(runtime, name.split('.', 1)[0] ?? '')))
    return owners.get(name) ?? current
  }

  return {
    async list(app) {
      return (await Promise.all(both.map((runtime) => listed(runtime, app)))).flat()
    },
    async apps() {
      return [...new Set((await Promise.all(both.map((runtime) => runtime.apps()))).flat())]
    },
    async start(spec, avoid) {
      const instance = await current.start(spec, avoid)
      owners.set(instance.name, current)
      return instance
    },
    stop: async (name, stop) => (await ownerOf(name)).stop(name, stop),
    async remove(name) {
      await (await ownerOf(name)).remove(name)
      owners.delete(name)
    },
    run: (spec, terminal) => current.run(spec, terminal),
    exec: async (app, name, command, terminal) => (await ownerOf(name)).exec(app, name, command, terminal),
    usage: async (app) => (await Promise.all(both.map((runtime) => runtime.usage(app)))).flat(),
    tail: async (app, name, lines) => (await ownerOf(name)).tail(app, name, lines),
    logs: (app, options) => merged(both.map((runtime) => runtime.logs(app, options))),
    onChange(changed) {
      for (const runtime of both) runtime.onChange(changed)
    },
    async close() {
      await Promise.all(both.map((runtime) => runtime.close()))
    },
  }
}

/** Lines as they come, from whichever has one. */
async function* merged(sources: AsyncIterable<LogLine>[]): AsyncGenerator<LogLine> {
  const iterators = sources.map((source) => source[Symbol.asyncIterator]())
  const next = (at: number) => (iterators[at] as AsyncIterator<LogLine>).next().then((result) => ({ at, result }))
  const waiting = new Map(iterators.map((_, at) => [at, next(at)]))
  try {
    while (waiting.size > 0) {
      const { at, result } = await Promise.race(waiting.values())
      if (result.done) waiting.delete(at)
      else {
        waiting.set(at, next(at))
        yield result.value
      }
    }
  } finally {
    await Promise.all(iterators.map((iterator) => iterator.return?.()))
  }
}
