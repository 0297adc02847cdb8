/** Whether settings can be put into an environment at all. */
import { TrimtabError } from '../errors.ts'

/** Throws StartFailed, naming the variable and never its value. */
export function checkVariables(env: Record<string, string>): void {
  for (const [name, value] of Object.entries(env)) {
    if (name === '' || name.includes('=') || name.includes('\0') || value.includes('\0')) {
      const message = `The variable ${JSON.stringify(name.slice(0, 80))} cannot be put into an environment: a name has no '=', and neither name nor value has a NUL.`
      throw new TrimtabError('StartFailed', message)
    }
  }
}
