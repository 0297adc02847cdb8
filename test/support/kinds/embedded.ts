/** The router that comes with trimtab. */
import { join } from 'node:path'
import type { KindRouter } from './kind.ts'
import { isAlive, read } from './processes.ts'

export const embedded: KindRouter = {
  name: 'embedded',
  missing: async () => null,
  keys: async (port) => ({ kind: 'embedded', listen: `127.0.0.1:${port}` }),
  pid: (state) => alive(pidOf(state)),
  kill(state) {
    const pid = pidOf(state)
    if (pid !== null) process.kill(pid, 'SIGKILL')
  },
  // The runtime's look at processes of the directory finds it too.
  leftOvers: () => [],
}

function alive(pid: number | null): string | null {
  return pid !== null && isAlive(pid) ? String(pid) : null
}

function pidOf(state: string): number | null {
  const pid = /"pid":\s*(\d+)/.exec(read(join(state, 'router', 'router.json')))?.[1]
  return pid === undefined ? null : Number(pid)
}
