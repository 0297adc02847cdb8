/** Traefik, run by trimtab from its binary. */
import { join } from 'node:path'
import { processesOf } from '../processes.ts'
import { traefikBinary, traefikMissing } from '../traefik.ts'
import type { KindRouter } from './kind.ts'
import { isAlive, read } from './processes.ts'

export const traefik: KindRouter = {
  name: 'traefik',
  missing: async () => traefikMissing(),
  keys: async (port) => ({ kind: 'traefik', run: 'binary', binary: await traefikBinary(null), listen: `127.0.0.1:${port}` }),
  pid(state) {
    const pid = pidOf(state)
    return pid !== null && isAlive(pid) ? String(pid) : null
  },
  kill(state) {
    const pid = pidOf(state)
    if (pid !== null) process.kill(pid, 'SIGKILL')
  },
  leftOvers: (dir) => processesOf(dir).map(({ pid, command }) => `${pid}: ${command}`),
}

function pidOf(state: string): number | null {
  const pid = /"pid":\s*(\d+)/.exec(read(join(state, 'router', 'traefik.json')))?.[1]
  return pid === undefined ? null : Number(pid)
}
