/** Processor time of other processes, from /proc. */
import { readFileSync } from 'node:fs'

/** Seconds that a process has used so far (proc(5), utime and stime). */
export function cpuOf(pid) {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
  const [utime, stime] = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .slice(11, 13)
  // USER_HZ is 100 on every Linux that Node runs on.
  return (Number(utime) + Number(stime)) / 100
}

/** Seconds that a process uses while `work` is done. */
export async function cpuOver(pid, work) {
  const before = cpuOf(pid)
  await work()
  return cpuOf(pid) - before
}
