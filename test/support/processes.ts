/**
 * What runs of a platform, found without asking trimtab: every process that names the platform's directory in its arguments
 * or environment. Linux only.
 */
import { readdirSync, readFileSync } from 'node:fs'

export interface Found {
  pid: number
  parent: number
  session: number
  command: string
  /** Set for a process of an instance. */
  instance?: { name: string; app: string; process: string; index: number }
}

/** Every living process that names `dir`. One that comes or goes meanwhile may be missed. */
export function processesOf(dir: string): Found[] {
  return readdirSync('/proc').flatMap((name) => {
    if (!/^\d+$/.test(name) || Number(name) === process.pid) return []
    try {
      const environ = readFileSync(`/proc/${name}/environ`, 'utf8').split('\0')
      const command = readFileSync(`/proc/${name}/cmdline`, 'utf8').replaceAll('\0', ' ').trim()
      if (!command.includes(dir) && !environ.some((one) => one.includes(dir))) return []
      return found(Number(name), readFileSync(`/proc/${name}/stat`, 'latin1'), environ, command)
    } catch {
      return [] // ended, or another user's
    }
  })
}

function found(pid: number, stat: string, environ: string[], command: string): Found[] {
  // proc(5): the name, in parentheses, may hold anything; after it come state, parent, group and session.
  const [state, parent, , session] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  if (state === 'Z' || state === 'X') return []
  const one: Found = { pid, parent: Number(parent), session: Number(session), command }
  const of = (variable: string) => environ.find((line) => line.startsWith(`${variable}=`))?.slice(variable.length + 1)
  const name = /\/instances\/[^/]+\/([^/]+)\/tmp-/.exec(of('TMPDIR') ?? '')?.[1]
  if (!name) return [one]
  return [{ ...one, instance: { name, app: of('APP_NAME') ?? '', process: of('PROCESS') ?? '', index: Number(of('INSTANCE')) } }]
}
