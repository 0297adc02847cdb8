/** Whether trimtab itself runs in a container: what it then can see and reach is not the machine's. */
import { readFileSync } from 'node:fs'

/** A file /.dockerenv proves nothing: it stays behind in machines that were made of an image. */
const MOUNTED = /\/containers\/([0-9a-f]{64})\/\S+ \/etc\/(?:hostname|hosts|resolv\.conf) /

/** Id of the Docker container that this is, by the files which the engine puts over its own (proc_pid_mountinfo(5)); null: none. */
export function ownContainer(): string | null {
  try {
    return MOUNTED.exec(readFileSync('/proc/self/mountinfo', 'utf8'))?.[1] ?? null
  } catch {
    return null
  }
}
